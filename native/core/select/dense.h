// Small dense matrices in double: what the students of the swap search reckon with.
#pragma once

#include <cstddef>
#include <vector>

namespace infomotion::select {

// Row by row.
struct Dense {
  std::size_t columns = 0;
  std::vector<double> values;
  Dense() = default;
  Dense(std::size_t rows, std::size_t columns) : columns(columns), values(rows * columns, 0.0) {}
  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }
  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

inline double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}

// row += factor * other
inline void add(double* row, double factor, const double* other, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) row[k] += factor * other[k];
}

Dense product(const Dense& a, const Dense& b);

// The inverse of a symmetric positive definite matrix, by Gauss and Jordan (no pivots are needed for such).
Dense inverse(Dense a);

}  // namespace infomotion::select
