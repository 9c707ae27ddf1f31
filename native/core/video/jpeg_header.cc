#include "video/jpeg_header.h"

#include <cstring>

namespace infomotion::video {
namespace {

constexpr uint8_t kStartOfImage = 0xd8;
constexpr uint8_t kEndOfImage = 0xd9;
constexpr uint8_t kStartOfScan = 0xda;
constexpr uint8_t kQuantisation = 0xdb;
constexpr uint8_t kHuffman = 0xc4;
constexpr uint8_t kApp0 = 0xe0;
constexpr uint8_t kComment = 0xfe;

bool has_no_segment(uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7); }
bool is_frame(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != kHuffman && marker != 0xc8 && marker != 0xcc;
}

struct Segment {
  uint8_t marker;
  Bytes body;  // behind the length
};

// Goes from marker to marker; bytes between them are passed over, as libjpeg does.
class Markers {
 public:
  explicit Markers(Bytes jpeg) : jpeg_(jpeg), at_(2) {}

  bool next(Segment& segment) {
    while (at_ + 1 < jpeg_.size) {
      const auto* found = static_cast<const uint8_t*>(std::memchr(jpeg_.data + at_, 0xff, jpeg_.size - at_));
      if (found == nullptr) break;
      at_ = static_cast<std::size_t>(found - jpeg_.data) + 1;
      while (at_ < jpeg_.size && jpeg_.data[at_] == 0xff) ++at_;  // fill bytes
      if (at_ == jpeg_.size) break;
      const uint8_t marker = jpeg_.data[at_++];
      if (marker == 0 || has_no_segment(marker)) continue;
      segment = {marker, {}};
      if (marker == kStartOfImage || marker == kEndOfImage) return true;
      if (at_ + 2 > jpeg_.size) break;
      const std::size_t length = std::size_t{jpeg_.data[at_]} << 8 | jpeg_.data[at_ + 1];
      if (length < 2 || at_ + length > jpeg_.size) break;
      segment.body = {jpeg_.data + at_ + 2, length - 2};
      at_ += length;
      return true;
    }
    at_ = jpeg_.size;
    return false;
  }

  std::size_t at() const { return at_; }

 private:
  Bytes jpeg_;
  std::size_t at_;
};

bool starts_with(Bytes bytes, const char* text) {
  const std::size_t length = std::strlen(text);
  return bytes.size >= length && std::memcmp(bytes.data, text, length) == 0;
}

}  // namespace

Bytes find_jpeg(Bytes bytes) {
  std::size_t at = 0;
  while (at + 3 <= bytes.size) {
    const auto* found = static_cast<const uint8_t*>(std::memchr(bytes.data + at, 0xff, bytes.size - at - 2));
    if (found == nullptr) break;
    at = static_cast<std::size_t>(found - bytes.data);
    if (found[1] == kStartOfImage && found[2] == 0xff) return bytes.from(at);
    ++at;
  }
  return {};
}

bool read_header(Bytes jpeg, JpegHeader& header) {
  header = {};
  if (jpeg.size < 4 || jpeg.data[0] != 0xff || jpeg.data[1] != kStartOfImage) return false;
  Markers markers(jpeg);
  Segment segment{};
  bool framed = false;
  while (markers.next(segment)) {
    const Bytes body = segment.body;
    if (segment.marker == kStartOfImage || segment.marker == kEndOfImage) return false;
    if (segment.marker == kStartOfScan) break;
    if (segment.marker == kQuantisation) header.quantisation = true;
    if (segment.marker == kHuffman) header.huffman = true;
    if (segment.marker == kApp0 && starts_with(body, "AVI1") && body.size > 4)
      header.polarity = body.data[4] == 1 || body.data[4] == 2 ? body.data[4] : 0;
    if (segment.marker == kComment) {
      if (starts_with(body, "CS=ITU601")) header.limited = true;
      if (starts_with(body, "Intel(R) JPEG Library, version 1") || starts_with(body, "Metasoft MJPEG Codec"))
        header.flipped = true;
    }
    if (is_frame(segment.marker)) {
      if (framed || body.size < 6) return false;
      framed = true;
      header.lossless = segment.marker == 0xc3;
      header.height = uint32_t{body.data[1]} << 8 | body.data[2];
      header.width = uint32_t{body.data[3]} << 8 | body.data[4];
    }
  }
  return framed && segment.marker == kStartOfScan && header.width > 0 && header.height > 0 &&
         header.width <= kMaxSide && header.height <= kMaxSide &&
         uint64_t{header.width} * header.height <= 512 * uint64_t{jpeg.size};
}

Bytes next_jpeg(Bytes jpeg) {
  Markers markers(jpeg);
  Segment segment{};
  while (markers.next(segment)) {
    if (segment.marker == kStartOfImage) return jpeg.from(markers.at() - 2);  // the first has no end
    if (segment.marker == kEndOfImage) return find_jpeg(jpeg.from(markers.at()));
  }
  return {};
}

void append_tables(Bytes jpeg, uint8_t marker, std::vector<uint8_t>& segments) {
  Markers markers(jpeg);
  Segment segment{};
  while (markers.next(segment) && segment.marker != kStartOfScan && segment.marker != kEndOfImage) {
    if (segment.marker != marker) continue;
    const std::size_t length = segment.body.size + 2;
    for (const std::size_t byte : {std::size_t{0xff}, std::size_t{marker}, length >> 8, length & 0xff})
      segments.push_back(static_cast<uint8_t>(byte));
    segments.insert(segments.end(), segment.body.data, segment.body.data + segment.body.size);
  }
}

}  // namespace infomotion::video
