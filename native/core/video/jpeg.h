// JPEGs by libjpeg-turbo, always with its accurate DCT ("islow"). What libjpeg only warns of is no damage here unless a
// part of the image is missing or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/cancel.h"
#include "runtime/status.h"
#include "video/jpeg_header.h"

namespace infomotion::video {

// "3.1.3"
const char* jpeg_library();

// What came of a JPEG. `failure`: nothing, and why; `damage`: an image of which a part is missing or wrong, and why.
struct JpegOutcome {
  std::string failure;
  std::string damage;
  bool whole() const { return failure.empty() && damage.empty(); }
};

// Where luma goes: row y begins at data + y * stride.
struct Plane {
  uint8_t* data = nullptr;
  uint32_t width = 0;
  uint32_t height = 0;
  std::size_t stride = 0;
};

// Decodes to luma: the first component of grey and YCbCr, 0.299 R + 0.587 G + 0.114 B of RGB and CMYK (ITU-R BT.601).
// `tables` (DQT and DHT segments, or empty) hold for a JPEG without its own; Motion JPEG leaves out the standard Huffman
// tables (T.81, annex K), which are taken then. A JPEG of another size than the plane's is a failure.
JpegOutcome decode_luma(Bytes jpeg, const std::vector<uint8_t>& tables, const Plane& out,
                        const runtime::Cancel& cancel);

enum class Colour {
  kLuma,    // as decode_luma
  kStored,  // the components as they are stored, at full resolution, interleaved: no colour conversion
};

struct JpegImage {
  uint32_t width = 0;
  uint32_t height = 0;
  int components = 0;
  int bits = 0;                 // of a sample; above 8, `wide` holds the samples, else `pixels`
  std::string space;            // of what is stored: "grey", "rgb", "ycc", "cmyk", "ycck", "unknown"
  std::vector<uint8_t> pixels;  // [height, width, components]
  std::vector<uint16_t> wide;
  std::string damage;
};

// IMAGE_UNREADABLE where nothing can be decoded, ABORTED.
runtime::Status decode_image(Bytes jpeg, Colour colour, const runtime::Cancel& cancel, JpegImage& image);

struct Picture {
  const uint8_t* pixels = nullptr;  // [height, width, channels]
  uint32_t width = 0;
  uint32_t height = 0;
  int channels = 1;  // 1: grey, 3: red, green, blue
};

// Compresses `count` pictures of this shape that lie one behind the other, at a quality of 1..100, with the standard Huffman
// tables; colour at full resolution (4:4:4), so that thin lines keep theirs. The JPEGs lie one behind the other, each up to
// its place in `ends`. ABORTED.
runtime::Status encode_jpegs(const Picture& first, std::size_t count, int quality, const runtime::Cancel& cancel,
                             std::vector<uint8_t>& jpegs, std::vector<double>& ends);

}  // namespace infomotion::video
