// Floats that vector kernels work on: aligned to a cache line, with some to spare at both ends, since kernels work in
// whole vectors and may read (never use) a little beyond a row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace infomotion {

class Buffer {
 public:
  static constexpr std::size_t kSpare = 64;  // floats readable before the first and behind the last
  static constexpr std::size_t kAlignment = 64;

  Buffer() = default;
  explicit Buffer(std::size_t size) { resize(size); }

  // All zeros afterwards, unless the size stays.
  void resize(std::size_t size) {
    if (size == size_ && floats_ != nullptr) return;
    size_ = size;
    const std::size_t all = size + 2 * kSpare;
    floats_.reset();
    floats_.reset(static_cast<float*>(::operator new(all * sizeof(float), std::align_val_t(kAlignment))));
    std::fill_n(floats_.get(), all, 0.0f);
  }

  std::size_t size() const { return size_; }
  float* data() { return floats_.get() + kSpare; }
  const float* data() const { return floats_.get() + kSpare; }

 private:
  struct Free {
    void operator()(float* floats) const { ::operator delete(floats, std::align_val_t(kAlignment)); }
  };
  std::unique_ptr<float, Free> floats_;
  std::size_t size_ = 0;
};

// The least multiple of a cache line's floats that is at least n: rows of this pitch are all aligned.
constexpr std::size_t padded(std::size_t n) { return (n + 15) / 16 * 16; }

}  // namespace infomotion
