#include "video/avi.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

namespace infomotion::video {
namespace {

using runtime::Cancel;
using runtime::Status;

uint32_t word(const uint8_t* at) {
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

bool is(const uint8_t* at, const char* name) { return std::memcmp(at, name, 4) == 0; }

bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
bool is_letter(uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Names of chunks are letters, digits, and spaces or underscores at the end.
bool is_name(const uint8_t* at) {
  for (int i = 0; i < 4; ++i)
    if (!is_digit(at[i]) && !is_letter(at[i]) && (i < 2 || (at[i] != ' ' && at[i] != '_'))) return false;
  return true;
}

double rate(double numerator, double denominator) {
  const double fps = numerator / denominator;
  return fps > 0 && fps <= 1000 ? fps : 0;
}

std::string printable(const uint8_t* at) {
  std::string code(reinterpret_cast<const char*>(at), 4);
  if (!std::all_of(code.begin(), code.end(), [](unsigned char c) { return c >= 0x20 && c <= 0x7e; })) return "";
  code.erase(code.find_last_not_of(' ') + 1);
  code.erase(0, code.find_first_not_of(' '));
  return code;
}

// At 1000 fps, four and a half hours.
constexpr std::size_t kMostChunks = std::size_t{1} << 24;

// Bytes that are looked through between two looks at the flag.
constexpr std::size_t kStretch = std::size_t{1} << 22;

class Walk {
 public:
  Walk(Bytes file, const Cancel& cancel, Avi& avi) : file_(file), cancel_(cancel), avi_(avi) {}

  Status run() {
    while (at_ + 8 <= file_.size) {
      if (cancel_.requested()) return Status::cancelled();
      if (avi_.chunks.size() > kMostChunks)
        return Status::error("VIDEO_TOO_LARGE",
                             "An AVI of more than " + std::to_string(kMostChunks) + " frames. Cut it.");
      const uint8_t* name = file_.data + at_;
      const std::size_t length = word(name + 4);
      const std::size_t body = at_ + 8;
      if (is(name, "RIFF") || is(name, "LIST")) at_ += 12;
      else if (is_frame(name)) take_frame(body, length);
      else if (is_name(name) && body + length <= file_.size) take_header(name, body, length);
      else if (!search()) break;
    }
    return cancel_.requested() ? Status::cancelled() : Status{};
  }

 private:
  struct Found {
    std::size_t at;
    bool header;  // a chunk's header stands before the JPEG
  };

  // "00dc" (compressed), "00db" (uncompressed by name; some writers use it for JPEG all the same); other letters too
  // ("00__", "00dx", "00iv") where the number is the video stream's, but not those of its index, sound, palette or text.
  bool is_frame(const uint8_t* name) const {
    if (!is_digit(name[0]) || !is_digit(name[1]) || !is_name(name)) return false;
    const int number = 10 * (name[0] - '0') + name[1] - '0';
    if (video_ >= 0 && number != video_) return is_usual(name);
    if (is_usual(name)) return true;
    if (video_ < 0) return false;
    for (const char* other : {"ix", "wc", "wb", "pc", "tx", "sb"})
      if (std::memcmp(name + 2, other, 2) == 0) return false;
    return true;
  }
  static bool is_usual(const uint8_t* name) { return name[2] == 'd' && (name[3] == 'b' || name[3] == 'c'); }
  bool is_of_video(const uint8_t* name) const { return video_ < 0 || 10 * (name[0] - '0') + name[1] - '0' == video_; }

  void take_frame(std::size_t body, std::size_t length) {
    const std::size_t end = chunk_end(body, length);
    const bool whole = end == body + length;
    const bool cut =
        body == file_.size && length > 0;  // the file ends here: no frame, where an empty one repeats the last
    if (!cut && is_of_video(file_.data + at_)) {
      avi_.chunks.push_back({body, std::min(end, file_.size)});
      ++avi_.named;
    }
    if (!whole && end < file_.size) ++avi_.resyncs;
    at_ = end + (whole && !is_confirmed(end) ? length & 1 : 0);
  }

  void take_header(const uint8_t* name, std::size_t body, std::size_t length) {
    const uint8_t* data = file_.data + body;
    if (is(name, "avih") && length >= 20) {
      if (avi_.fps == 0) avi_.fps = rate(1e6, word(data));
      avi_.promised = word(data + 16);
      if (length >= 40 && avi_.height == 0) avi_.height = word(data + 36);
    } else if (is(name, "strh") && length >= 28) {
      if (video_ < 0 && is(data, "vids")) {
        video_ = streams_;
        avi_.codec = printable(data + 4);
        const double fps = rate(word(data + 24), word(data + 20));
        if (fps > 0) avi_.fps = fps;
      }
      ++streams_;
    } else if (is(name, "strf") && length >= 20 && video_ >= 0 && video_ == streams_ - 1) {
      const std::string codec = printable(data + 16);
      if (!codec.empty()) avi_.codec = codec;
      const auto height = static_cast<int32_t>(word(data + 8));  // negative: the first line comes first
      if (height != 0) avi_.height = height < 0 ? 0 - static_cast<uint32_t>(height) : static_cast<uint32_t>(height);
    } else if (is(name, "dmlh") && length >= 4) {  // OpenDML: of all parts, where avih counts those of the first
      avi_.promised = std::max(avi_.promised, word(data));
    }
    at_ = body + length + (length & 1);
  }

  // Goes to the next frame; false where there is none.
  bool search() {
    Found next{};
    if (!next_frame(at_, next)) return false;
    ++avi_.resyncs;
    at_ = next.at;
    if (next.header) return true;
    // A frame whose chunk header is gone: it reaches to the next frame.
    Found behind{};
    const std::size_t end = next_frame(next.at + 2, behind) ? behind.at : file_.size;
    avi_.chunks.push_back({next.at, end});
    at_ = end;
    return true;
  }

  // Where a frame chunk really ends: where its size says if a chunk (or the end) follows there, else at the next frame.
  std::size_t chunk_end(std::size_t body, std::size_t length) const {
    const std::size_t end = body + length;
    if (end == file_.size || is_confirmed(end) || is_confirmed(end + (length & 1))) return end;
    Found next{};
    return next_frame(body + 2, next) ? next.at : file_.size;
  }

  // A chunk starts here, or the file ends with no room for one.
  bool is_confirmed(std::size_t at) const {
    if (at > file_.size) return false;
    return at + 8 > file_.size || is_name(file_.data + at);
  }

  // The next JPEG start (FF D8 FF): at its chunk header if that is there, else at the JPEG itself.
  bool next_frame(std::size_t from, Found& found) const {
    for (std::size_t at = from; at + 3 <= file_.size && !cancel_.requested(); at += kStretch) {
      const Bytes stretch{file_.data + at, std::min(kStretch + 2, file_.size - at)};
      const Bytes jpeg = find_jpeg(stretch);
      if (jpeg.data == nullptr) continue;
      const auto start = static_cast<std::size_t>(jpeg.data - file_.data);
      found.header = start >= from + 8 && is_frame(file_.data + start - 8);
      found.at = found.header ? start - 8 : start;
      return true;
    }
    return false;
  }

  Bytes file_;
  const Cancel& cancel_;
  Avi& avi_;
  std::size_t at_ = 0;
  int video_ = -1;  // number of the first video stream
  int streams_ = 0;
};

}  // namespace

Status walk_avi(Bytes file, const Cancel& cancel, Avi& avi) {
  avi = {};
  return Walk(file, cancel, avi).run();
}

}  // namespace infomotion::video
