// The exact scores that neighbours are ranked by; what screened them (screen.h, or a device) needs only a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "graph/knn.h"

namespace infomotion::graph {

class Score {
 public:
  Score(const Matrix& matrix, Metric metric) : matrix_(matrix), metric_(metric) {}

  // The lengths of the rows. INVALID_ARGUMENT where a value is not finite.
  runtime::Status measure();

  // What is ranked, the larger the nearer: the cosine, to a multiple of 2^-40, or minus the squared distance.
  double operator()(std::size_t i, std::size_t j) const;

  // Of these rows the k nearest to row i: (minus the score, row), nearest first, ties by the lower index.
  using Ranked = std::vector<std::pair<double, uint32_t>>;
  Ranked nearest(std::size_t i, const std::vector<uint32_t>& rows, std::size_t k) const;
  void write(const Ranked& nearest, std::size_t i, Neighbours& result) const;

  // What single precision screens pairs by: rows of at most length 1, written `stride` apart from `rows` on (those excluded
  // are left alone). By cosine unit rows, and the score is a . b; by distance rows less their mean (distances stay, products
  // shrink) over the greatest length, and score / (2 length^2) is a . b - half[a] - half[b].
  struct Screen {
    std::vector<float> half;  // half of each row's square; by cosine 0
    double length = 1;
  };
  Screen screen(float* rows, std::size_t stride) const;

  const float* row(std::size_t i) const { return matrix_.values + i * matrix_.dim; }
  double length(std::size_t i) const { return length_[i]; }
  // A row of zeros has no cosines.
  bool excluded(std::size_t i) const { return metric_ == Metric::kCosine && length_[i] == 0; }

 private:
  double centred_square(std::size_t i, const std::vector<double>& mean) const;

  Matrix matrix_;
  Metric metric_;
  std::vector<double> length_;
};

}  // namespace infomotion::graph
