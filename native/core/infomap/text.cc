#include "infomap/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace infomotion::infomap {
namespace {

// Longest part of a word that an error shows.
constexpr std::size_t kShown = 40;

// Reads a number as C++ writes it, to the nearest double; false if [begin, end) is not a finite number. What is too
// small for a double becomes 0.
bool to_double(const char* begin, const char* end, double& value) {
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  const auto [rest, error] = std::from_chars(begin, end, value);
  if (rest != end) return false;
  if (error == std::errc()) return std::isfinite(value);
  if (error != std::errc::result_out_of_range) return false;
#endif
  // For libraries that lack from_chars for doubles, and for numbers out of range. strtod would also read hexadecimal
  // numbers and the decimal point of the locale; the callers have excluded those characters.
  const std::string text(begin, end);
  char* rest_of_text;
  value = std::strtod(text.c_str(), &rest_of_text);
  return *rest_of_text == 0 && std::isfinite(value);
}

}  // namespace

bool Line::fits_64_bits(const char* begin, const char* end) {
  uint64_t value;
  const auto [rest, error] = std::from_chars(begin, end, value);
  return rest == end && error == std::errc();
}

bool Line::any_number(double& value) {
  const char* p = at_;
  if (*p == '+' || *p == '-') ++p;
  const char* digits = p;
  bool some = false;
  for (; is_digit(*p) || *p == '.'; ++p) some = some || is_digit(*p);
  if (!some) return false;
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!is_digit(*p)) return false;
    while (is_digit(*p)) ++p;
  }
  double found;
  if (!is_end(*p) || !to_double(digits, p, found) || (*at_ == '-' && found > 0)) return false;
  value = found;
  at_ = p;
  return true;
}

bool Line::word(std::string_view& text) {
  const bool quoted = peek() == '"';
  const char* begin = quoted ? at_ + 1 : at_;
  const char* p = begin;
  if (quoted) {
    const char* last = begin;
    while (*last != '\n') ++last;
    auto quotes = std::count(begin, last, '"');
    for (;; ++p) {
      if (p == last) return false;
      if (*p == '"' && (--quotes) % 2 == 0 && is_end(p[1])) break;
    }
  } else {
    while (!is_end(*p)) ++p;
  }
  text = {begin, static_cast<std::size_t>(p - begin)};
  at_ = quoted ? p + 1 : p;
  return true;
}

bool Line::step(uint64_t& value, bool& more) {
  peek();
  const char* p = at_;
  uint64_t v = 0;
  for (; is_digit(*p); ++p) {
    v = v * 10 + static_cast<uint64_t>(*p - '0');
    if (v > std::numeric_limits<uint32_t>::max()) return false;
  }
  if (p == at_ || (*p != ':' && !is_end(*p))) return false;
  value = v;
  more = *p == ':';
  at_ = more ? p + 1 : p;
  return true;
}

std::string Line::expected(const std::string& what) {
  std::string text = "expected " + what + " but found ";
  if (peek() < 0) return text + "the end of the line";
  text += '"';
  for (const char* p = at_; !is_end(*p) && p - at_ < static_cast<std::ptrdiff_t>(kShown); ++p) {
    const auto byte = static_cast<unsigned char>(*p);
    constexpr char kHex[] = "0123456789abcdef";
    if (byte < 0x20) {
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    } else {
      text += *p;
    }
  }
  return text + '"';
}

void Lines::append(const char* data, std::size_t size) {
  const std::size_t begin = buffer_.size();
  if (after_return_ && size > 0 && *data == '\n') ++data, --size;
  if (size > 0) after_return_ = data[size - 1] == '\r';
  buffer_.append(data, size);
  if (size == 0 || std::memchr(data, '\r', size) == nullptr) return;
  std::size_t write = begin;
  for (std::size_t read = begin; read < buffer_.size(); ++read) {
    const bool returns = buffer_[read] == '\r';
    if (returns && read + 1 < buffer_.size() && buffer_[read + 1] == '\n') continue;
    buffer_[write++] = returns ? '\n' : buffer_[read];
  }
  buffer_.resize(write);
}

runtime::Status Lines::skip_mark(const char*& at) const {
  const std::string_view text(buffer_);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") at += 3;
  if (text.substr(0, 2) != "\xFF\xFE" && text.substr(0, 2) != "\xFE\xFF") return {};
  return error("expected text in UTF-8 but found UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");
}

runtime::Status Lines::error(const std::string& what) const {
  return runtime::Status::error("NETWORK_UNREADABLE", name_ + ", line " + std::to_string(line_) + ": " + what + ".");
}

}  // namespace infomotion::infomap
