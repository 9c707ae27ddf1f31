// Floats for vector kernels: aligned to a cache line, with spare floats at both ends, since kernels work in whole
// vectors and may read (but never use) a little beyond a row.
#pragma once

#include <cstddef>
#include <memory>

namespace infomotion::runtime {

// Asks the system for huge pages for memory that is about to be filled, if it is large: one page fault in place of 512,
// and fewer TLB misses.
void prefer_huge_pages(void* memory, std::size_t bytes);

class Buffer {
 public:
  static constexpr std::size_t kSpare = 64;  // floats readable before the first and behind the last

  Buffer() = default;
  explicit Buffer(std::size_t size) { resize(size); }

  // All zeros afterwards, unless the size stays.
  void resize(std::size_t size);

  // With undefined values, and zeros in the spare floats: for memory that is written before it is read.
  static Buffer raw(std::size_t size);

  std::size_t size() const { return size_; }
  float* data() { return floats_.get() + kSpare; }
  const float* data() const { return floats_.get() + kSpare; }

 private:
  struct Free {
    std::size_t bytes;
    void operator()(float* floats) const;
  };
  void allocate(std::size_t size);

  std::unique_ptr<float, Free> floats_{nullptr, Free{0}};
  std::size_t size_ = 0;
};

// n rounded up to a whole cache line of floats: rows of this pitch are all aligned.
constexpr std::size_t padded(std::size_t n) { return (n + 15) / 16 * 16; }

}  // namespace infomotion::runtime
