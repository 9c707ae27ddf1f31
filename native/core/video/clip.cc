#include "video/clip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "runtime/thread_pool.h"
#include "video/jpeg.h"

namespace infomotion::video {
namespace {

using runtime::Cancel;
using runtime::Status;

Bytes bytes_of(Bytes file, const Range& range) { return {file.data + range.start, range.end - range.start}; }

// 16..235 to 0..255, rounded.
const std::array<uint8_t, 256>& full_range() {
  static const auto table = [] {
    std::array<uint8_t, 256> levels{};
    for (int level = 0; level < 256; ++level)
      levels[level] = static_cast<uint8_t>(std::clamp(((level - 16) * 510 + 219) / 438, 0, 255));
    return levels;
  }();
  return table;
}

// For each chunk the chunk whose tables hold for a JPEG without its own: the last one, up to itself, that has some.
struct Tables {
  std::vector<uint32_t> quantisation, huffman;
};
constexpr uint32_t kNone = 0xffffffff;

Tables find_tables(Bytes file, const std::vector<Range>& chunks) {
  Tables tables;
  uint32_t quantisation = kNone;
  uint32_t huffman = kNone;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    JpegHeader header;
    if (read_header(find_jpeg(bytes_of(file, chunks[i])), header)) {
      if (header.quantisation) quantisation = static_cast<uint32_t>(i);
      if (header.huffman) huffman = static_cast<uint32_t>(i);
    }
    tables.quantisation.push_back(quantisation);
    tables.huffman.push_back(huffman);
  }
  return tables;
}

class ClipDecoder {
 public:
  ClipDecoder(Bytes file, const std::vector<Range>& chunks, const ClipLayout& layout, const Cancel& cancel)
      : file_(file), chunks_(chunks), layout_(layout), cancel_(cancel), tables_(find_tables(file, chunks)) {}

  // False where the frame does not decode in full.
  bool decode(std::size_t frame, uint8_t* out) const {
    const std::size_t first = frame * layout_.chunks;
    const Bytes jpeg = find_jpeg(bytes_of(file_, chunks_[first]));
    JpegHeader header;
    if (!read_header(jpeg, header)) return false;
    if (!layout_.woven) {
      if (!decode_jpeg(first, jpeg, header, {out, layout_.width, layout_.height, layout_.width})) return false;
    } else {
      const std::size_t second = first + layout_.chunks - 1;
      const Bytes other = second == first ? next_jpeg(jpeg) : find_jpeg(bytes_of(file_, chunks_[second]));
      JpegHeader other_header;
      if (!read_header(other, other_header)) return false;
      uint8_t* lower = out + layout_.width;
      if (!decode_field(first, jpeg, header, layout_.even_first ? lower : out)) return false;
      if (!decode_field(second, other, other_header, layout_.even_first ? out : lower)) return false;
    }
    if (header.limited) expand(out);
    if (header.flipped) turn(out);
    return true;
  }

 private:
  // Every second line from `out` on. Of an odd number of lines a field has one less, where its last is repeated.
  bool decode_field(std::size_t chunk, Bytes jpeg, const JpegHeader& header, uint8_t* out) const {
    const std::size_t stride = 2 * std::size_t{layout_.width};
    const uint32_t height = layout_.height / 2;
    const bool shorter = header.height + 1 == height && header.height > 0;
    if (!decode_jpeg(chunk, jpeg, header, {out, layout_.width, shorter ? header.height : height, stride})) return false;
    if (shorter) std::memcpy(out + (height - 1) * stride, out + (height - 2) * stride, layout_.width);
    return true;
  }

  bool decode_jpeg(std::size_t chunk, Bytes jpeg, const JpegHeader& header, const Plane& out) const {
    std::vector<uint8_t> tables;
    if (!header.quantisation) borrow(tables_.quantisation[chunk], 0xdb, tables);
    if (!header.huffman) borrow(tables_.huffman[chunk], 0xc4, tables);
    if (!tables.empty()) {
      tables.insert(tables.begin(), {0xff, 0xd8});
      tables.insert(tables.end(), {0xff, 0xd9});
    }
    return decode_luma(jpeg, tables, out, cancel_).whole();
  }

  void borrow(uint32_t chunk, uint8_t marker, std::vector<uint8_t>& tables) const {
    if (chunk != kNone) append_tables(find_jpeg(bytes_of(file_, chunks_[chunk])), marker, tables);
  }

  void expand(uint8_t* out) const {
    const auto& levels = full_range();
    const std::size_t size = std::size_t{layout_.width} * layout_.height;
    for (std::size_t i = 0; i < size; ++i) out[i] = levels[out[i]];
  }

  void turn(uint8_t* out) const {
    for (uint32_t y = 0; y < layout_.height / 2; ++y) {
      uint8_t* row = out + std::size_t{y} * layout_.width;
      std::swap_ranges(row, row + layout_.width, out + std::size_t{layout_.height - 1 - y} * layout_.width);
    }
  }

  Bytes file_;
  const std::vector<Range>& chunks_;
  ClipLayout layout_;
  const Cancel& cancel_;
  Tables tables_;
};

}  // namespace

Status survey_clip(Bytes file, const Avi& avi, const Cancel& cancel, ClipSurvey& survey) {
  survey = {};
  ClipLayout& layout = survey.layout;
  std::map<std::pair<uint32_t, uint32_t>, std::size_t> votes;
  std::size_t most = 0;
  std::size_t pairs = 0;  // chunks with two fields
  const double header_height = avi.height <= kMaxSide ? avi.height : 0;
  for (const Range& chunk : avi.chunks) {
    if (cancel.requested()) return Status::cancelled();
    if (chunk.start == chunk.end) continue;
    ++survey.filled;
    const Bytes jpeg = find_jpeg(bytes_of(file, chunk));
    JpegHeader header;
    if (!read_header(jpeg, header)) continue;
    ++survey.jpegs;
    const bool low = header.height < header_height * 3 / 4;
    JpegHeader other;
    uint32_t height = header.height;
    if ((low || header.polarity != 0) && read_header(next_jpeg(jpeg), other) && other.width == header.width &&
        std::abs(double(other.height) - header.height) <= 1 && (low || header.polarity + other.polarity == 3)) {
      ++pairs;
      height = std::max(header.height, other.height);
    }
    const std::size_t count = ++votes[{header.width, height}];
    if (count > most) {
      most = count;
      layout.width = header.width;
      layout.height = height;
    }
  }
  const bool paired = 2 * pairs > survey.jpegs;
  // A field may have some lines more than half the picture, to fill its last blocks.
  const bool halved = survey.jpegs > 0 && std::abs(2.0 * layout.height - header_height) <= 16 && layout.height > 16;
  if ((paired || halved) && 2 * layout.height <= kMaxSide) {
    layout.woven = true;
    layout.even_first = avi.codec == "MJPG";
    layout.chunks = paired ? 1 : 2;
    layout.height *= 2;
  }
  return {};
}

Status decode_clip(Bytes file, const std::vector<Range>& chunks, const ClipLayout& layout, const Cancel& cancel,
                   uint8_t* out, std::vector<uint8_t>& states) {
  const std::size_t count = chunks.size() / layout.chunks;
  const std::size_t size = std::size_t{layout.width} * layout.height;
  const ClipDecoder decoder(file, chunks, layout, cancel);
  states.assign(count, kDamaged);
  runtime::parallel_for(count, 0, [&](std::size_t frame) {
    if (!cancel.requested() && decoder.decode(frame, out + frame * size)) states[frame] = kGood;
  });
  if (cancel.requested()) return Status::cancelled();

  const auto first = static_cast<std::size_t>(std::find(states.begin(), states.end(), kGood) - states.begin());
  for (std::size_t frame = 0; frame < count; ++frame) {
    if (states[frame] == kGood) continue;
    const Range& chunk = chunks[frame * layout.chunks];
    if (chunk.start == chunk.end) states[frame] = kRepeated;
    if (first < count) std::memcpy(out + frame * size, out + (frame < first ? first : frame - 1) * size, size);
  }
  return {};
}

}  // namespace infomotion::video
