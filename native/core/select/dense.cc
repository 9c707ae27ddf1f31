#include "select/dense.h"

namespace infomotion::select {

Dense product(const Dense& a, const Dense& b) {
  Dense result(a.rows(), b.columns);
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.columns; ++k) add(result.row(i), a.row(i)[k], b.row(k), b.columns);
  return result;
}

Dense inverse(Dense a) {
  const std::size_t n = a.columns;
  Dense result(n, n);
  for (std::size_t i = 0; i < n; ++i) result.row(i)[i] = 1;
  for (std::size_t p = 0; p < n; ++p) {
    const double scale = 1 / a.row(p)[p];
    for (std::size_t k = 0; k < n; ++k) {
      a.row(p)[k] *= scale;
      result.row(p)[k] *= scale;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double factor = a.row(i)[p];
      if (i == p || factor == 0) continue;
      add(a.row(i), -factor, a.row(p), n);
      add(result.row(i), -factor, result.row(p), n);
    }
  }
  return result;
}

}  // namespace infomotion::select
