// Products of many rows with many rows, in single precision and as fast as the processor can. They screen the pairs,
// and knn.cc computes the promising ones exactly. Their error is bounded (screen_error), but not how they round:
// instruction sets may differ here, and the result is the same all the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/buffer.h"
#include "runtime/isa.h"

namespace infomotion::graph {

// How many rows a block holds: a multiple of every kernel's tile (8, 16, 32 columns; 4, 6, 12 rows). The packed columns
// of a block and its products stay in the second-level cache.
constexpr std::size_t kScreenBlock = 96;

// How many terms are summed in registers before the sum is added to the product.
constexpr std::size_t kScreenDepth = 128;

// Rows of at most length 1, as floats, padded with zeros: to whole blocks of rows, and so that rows of a power of two
// do not fall into the same cache sets.
class ScreenRows {
 public:
  ScreenRows(std::size_t rows, std::size_t dim)
      : dim_(dim),
        stride_(runtime::padded(dim) + 16),
        values_((rows + kScreenBlock - 1) / kScreenBlock * kScreenBlock * stride_) {}
  std::size_t dim() const { return dim_; }
  std::size_t stride() const { return stride_; }
  float* row(std::size_t i) { return values_.data() + i * stride_; }
  const float* row(std::size_t i) const { return values_.data() + i * stride_; }

 private:
  std::size_t dim_, stride_;
  runtime::Buffer values_;
};

// How far a product of two such rows may be from the true one of the values they were rounded from: each factor is
// rounded once (2^-24 of it), and a sum of n terms takes n roundings of at most 2^-24 of sum |a_d b_d| <= 1 (N. Higham,
// "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1); here n is the longest chain of additions.
inline double screen_error(std::size_t dim) {
  const double chain = static_cast<double>(kScreenDepth + dim / kScreenDepth + 8);
  return chain * 1.01 / (1 << 24);
}

struct ScreenKernel;

// The columns of one block, repacked as the kernel reads them.
class ScreenColumns {
 public:
  ScreenColumns(std::size_t dim, runtime::Isa isa);
  void pack(const ScreenRows& rows, std::size_t first);

  // products[r * kScreenBlock + c] = row (first + r) . column c, for the kScreenBlock rows from `first` on.
  void multiply(const ScreenRows& rows, std::size_t first, float* products) const;

  // Which of one such row's products are above `bar` or above their column's bar: a bit a column, 32 a word.
  void above(const float* products, float bar, const float* column_bars, uint32_t (&bits)[kScreenBlock / 32]) const;

 private:
  const ScreenKernel& kernel_;
  runtime::Buffer packed_;
};

}  // namespace infomotion::graph
