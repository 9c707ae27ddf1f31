// The exact scores by which neighbours are ranked. Whatever screens the pairs first (screen.h, or a device) only needs
// a bound on its error.
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

  // The score of a pair, larger for nearer rows: the cosine, rounded to a multiple of 2^-40, or minus the squared
  // distance.
  double operator()(std::size_t i, std::size_t j) const;

  // The k of these rows that are nearest to row i: (minus the score, row), nearest first, ties by the lower index.
  using Ranked = std::vector<std::pair<double, uint32_t>>;
  Ranked nearest(std::size_t i, const std::vector<uint32_t>& rows, std::size_t k) const;
  void write(const Ranked& nearest, std::size_t i, Neighbours& result) const;

  // Writes the rows by which pairs are screened in single precision, of length at most 1 and `stride` apart; excluded
  // rows are not written. By cosine these are unit rows, and the score is a . b. By distance the mean is subtracted,
  // which keeps distances and makes products smaller, and rows are divided by the greatest length: then a . b - half[a]
  // - half[b] is score / (2 length^2).
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
