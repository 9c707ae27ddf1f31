// What the markers of a JPEG say before it is decoded (ITU-T T.81, annex B), read as tolerantly as libjpeg does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace infomotion::video {

struct Bytes {
  const uint8_t* data = nullptr;
  std::size_t size = 0;

  Bytes from(std::size_t at) const { return {data + at, size - at}; }
};

struct JpegHeader {
  uint32_t width = 0;
  uint32_t height = 0;
  bool quantisation = false;  // it has tables of its own (DQT)
  bool huffman = false;       // likewise (DHT)
  bool lossless = false;      // it is of differences, not of a DCT (SOF3)
  int polarity = 0;           // APP0 "AVI1": 1: the odd lines (top field), 2: the even ones, 0: not said
  bool limited = false;       // luma is 16..235: the comment "CS=ITU601", which FFmpeg writes
  bool flipped = false;       // the last line comes first: Intel's first library, as FFmpeg knows
};

// Widest and highest frame that is decoded; a header that claims more is taken for damage (MAX_SIDE in TypeScript).
constexpr uint32_t kMaxSide = 16384;

// The first JPEG in these bytes, from its FF D8 on; empty where there is none.
Bytes find_jpeg(Bytes bytes);

// Reads up to the start of the first scan. False where this is no JPEG, its head is damaged, a side is 0 or above
// kMaxSide, or it has fewer bytes than such a frame needs: every block of 8x8 takes at least one bit.
bool read_header(Bytes jpeg, JpegHeader& header);

// The JPEG behind the end of the first; empty where there is none. Thumbnails inside segments do not count.
Bytes next_jpeg(Bytes jpeg);

// Adds the segments of this marker (0xdb: DQT, 0xc4: DHT) to `segments`.
void append_tables(Bytes jpeg, uint8_t marker, std::vector<uint8_t>& segments);

}  // namespace infomotion::video
