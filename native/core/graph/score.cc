#include "graph/score.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace infomotion::graph {
namespace {

constexpr std::size_t kLanes = 8;  // partial sums in double, the same ones on every instruction set

template <class Term>
double sum_in_lanes(std::size_t n, Term term) {
  double sums[kLanes] = {};
  std::size_t d = 0;
  for (; d + kLanes <= n; d += kLanes)
    for (std::size_t l = 0; l < kLanes; ++l) sums[l] += term(d + l);
  for (std::size_t l = 0; d < n; ++d, ++l) sums[l] += term(d);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// Rounds to a multiple of 2^-40, the last place of doubles near 6144. So values that differ by rounding errors alone
// (of rows that are multiples of each other, say) are ties, and none is above 1 or below -1.
double rounded(double similarity) { return (similarity + 6144) - 6144; }

}  // namespace

runtime::Status Score::measure() {
  length_.resize(matrix_.rows);
  for (std::size_t i = 0; i < matrix_.rows; ++i) {
    const float* row = this->row(i);
    for (std::size_t d = 0; d < matrix_.dim; ++d) {
      if (std::isfinite(row[d])) continue;
      return runtime::Status::error(
          "INVALID_ARGUMENT", "Feature value at row " + std::to_string(i) + ", column " + std::to_string(d) + " is " +
                                  (std::isnan(row[d]) ? "NaN" : "infinite") + "; features must be finite numbers.");
    }
    length_[i] = std::sqrt(sum_in_lanes(matrix_.dim, [row](std::size_t d) { return double{row[d]} * row[d]; }));
  }
  return {};
}

double Score::operator()(std::size_t i, std::size_t j) const {
  const float *a = row(i), *b = row(j);
  if (metric_ == Metric::kCosine)
    return rounded(sum_in_lanes(matrix_.dim, [a, b](std::size_t d) { return double{a[d]} * b[d]; }) /
                   (length_[i] * length_[j]));
  return -sum_in_lanes(matrix_.dim, [a, b](std::size_t d) {
    const double difference = double{a[d]} - b[d];
    return difference * difference;
  });
}

Score::Ranked Score::nearest(std::size_t i, const std::vector<uint32_t>& rows, std::size_t k) const {
  Ranked ranked;
  for (const uint32_t j : rows) ranked.emplace_back(-(*this)(i, j), j);
  k = std::min(k, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(k), ranked.end());
  ranked.resize(k);
  return ranked;
}

void Score::write(const Ranked& nearest, std::size_t i, Neighbours& result) const {
  std::size_t place = i * result.k;
  for (const auto& [minus_score, j] : nearest) {
    result.index[place] = j;
    result.similarity[place++] = metric_ == Metric::kCosine ? -minus_score : std::sqrt(minus_score);
  }
}

double Score::centred_square(std::size_t i, const std::vector<double>& mean) const {
  double square = 0;
  for (std::size_t d = 0; d < matrix_.dim; ++d) square += (row(i)[d] - mean[d]) * (row(i)[d] - mean[d]);
  return square;
}

Score::Screen Score::screen(float* rows, std::size_t stride) const {
  const std::size_t n = matrix_.rows, dim = matrix_.dim;
  std::vector<double> mean(dim, 0);
  Screen screen;
  screen.half.assign(n, 0);
  if (metric_ == Metric::kEuclid) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t d = 0; d < dim; ++d) mean[d] += row(i)[d];
    for (double& m : mean) m /= static_cast<double>(n);
    double greatest = 0;
    for (std::size_t i = 0; i < n; ++i) greatest = std::max(greatest, centred_square(i, mean));
    if (greatest > 0) screen.length = std::sqrt(greatest);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (excluded(i)) continue;
    const double length = metric_ == Metric::kCosine ? this->length(i) : screen.length;
    for (std::size_t d = 0; d < dim; ++d) rows[i * stride + d] = static_cast<float>((row(i)[d] - mean[d]) / length);
    if (metric_ == Metric::kEuclid)
      screen.half[i] = static_cast<float>(centred_square(i, mean) / (length * length) / 2);
  }
  return screen;
}

}  // namespace infomotion::graph
