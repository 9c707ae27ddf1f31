// Lines of words and numbers, as network and partition files have them: fed in pieces, read word by word without
// making strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::infomap {

// Ids that a double holds exactly, so that JavaScript can too.
constexpr uint64_t kMaxId = (uint64_t{1} << 53) - 1;

// One line, read from left to right. Its text must end with '\n', which is what keeps every loop in bounds.
class Line {
 public:
  explicit Line(const char* begin) : at_(begin) {}

  // The byte that comes next after blanks; -1 at the line's end.
  int peek() {
    while (*at_ == ' ' || *at_ == '\t' || *at_ == '\r') ++at_;
    return *at_ == '\n' ? -1 : static_cast<unsigned char>(*at_);
  }

  // A whole number in [min, max]. If there is none, nothing is read; the same holds for number().
  bool integer(uint64_t& value, uint64_t min = 0, uint64_t max = kMaxId) {
    peek();
    const char* p = at_;
    uint64_t v = 0;
    for (; is_digit(*p); ++p) v = v * 10 + static_cast<uint64_t>(*p - '0');
    const bool fits = p - at_ <= 19 || fits_64_bits(at_, p);
    if (p == at_ || !is_end(*p) || !fits || v < min || v > max) return false;
    value = v;
    at_ = p;
    return true;
  }

  // A finite decimal number of at least 0, to the nearest double.
  bool number(double& value) {
    peek();
    const char* p = at_;
    uint64_t digits = 0;
    for (; is_digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
    std::ptrdiff_t count = p - at_, decimals = 0;
    if (*p == '.') {
      const char* point = p++;
      for (; is_digit(*p); ++p) digits = digits * 10 + static_cast<uint64_t>(*p - '0');
      decimals = p - point - 1;
      count += decimals;
    }
    // Whole numbers up to 2^53 and powers of ten up to 10^22 are exact in doubles, so one division rounds correctly
    // (W. Clinger, "How to read floating point numbers accurately", PLDI 1990).
    if (count > 0 && count <= 19 && digits <= kMaxId && is_end(*p)) {
      value = static_cast<double>(digits) / kPowersOfTen[decimals];
      at_ = p;
      return true;
    }
    return any_number(value);
  }

  // What stands between blanks, or between double quotes; false where a quote is not closed. Quotes inside a name are part of it: it ends
  // at the first quote before a blank after which quotes come in pairs.
  bool word(std::string_view& text);

  // The part of a path of numbers "1:2:3" that comes next, and whether another follows.
  bool step(uint64_t& value, bool& more);

  // The end of the line.
  const char* end() {
    while (*at_ != '\n') ++at_;
    return at_;
  }

  // "expected X but found Y", Y being what comes next.
  std::string expected(const std::string& what);

 private:
  static bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
  static bool is_end(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  static bool fits_64_bits(const char* begin, const char* end);
  bool any_number(double& value);

  static constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                            1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
  const char* at_;
};

// Cuts text that comes in pieces into lines.
class Lines {
 public:
  explicit Lines(std::string name) : name_(std::move(name)) {}

  // Lines end with "\n", "\r\n" or "\r".
  void append(const char* data, std::size_t size);

  // Calls read(line), which returns a Status, for each whole line that has come; the rest waits for more text.
  template <typename Read>
  runtime::Status read(const runtime::Cancel& cancel, Read&& read) {
    const std::size_t last = std::string_view(buffer_).substr(searched_).rfind('\n');
    if (last != std::string_view::npos) {
      const char* at = buffer_.data();
      const char* const end = at + searched_ + last;
      if (line_ == 0) {
        ++line_;
        runtime::Status status = skip_mark(at);
        --line_;
        if (!status.ok()) return status;
      }
      while (at <= end) {
        if ((++line_ & 0x3ff) == 0 && cancel.requested()) return runtime::Status::cancelled();
        Line line(at);
        runtime::Status status = read(line);
        if (!status.ok()) return status;
        at = line.end() + 1;
      }
      buffer_.erase(0, static_cast<std::size_t>(at - buffer_.data()));
    }
    searched_ = buffer_.size();  // a long line is searched once, in however many pieces it comes
    if (searched_ <= kMaxLine) return {};
    ++line_;
    return error("expected lines of at most " + std::to_string(kMaxLine) + " bytes");
  }

  // The number of the line that is being read, from 1.
  uint64_t line() const { return line_; }

  // The error for what comes next in the line.
  runtime::Status error(Line& line, const std::string& expected) const { return error(line.expected(expected)); }
  runtime::Status error(const std::string& what) const;

 private:
  // Skips the mark U+FEFF that some editors write first. Text in UTF-16 is refused by name.
  runtime::Status skip_mark(const char*& at) const;

  static constexpr std::size_t kMaxLine = 1 << 24;

  std::string name_, buffer_;
  std::size_t searched_ = 0;
  bool after_return_ = false;  // the last byte was "\r": a "\n" belongs to it
  uint64_t line_ = 0;
};

}  // namespace infomotion::infomap
