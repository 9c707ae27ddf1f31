#include "graph/knn.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "runtime/thread_pool.h"

namespace infomotion {
namespace {

constexpr std::size_t kLanes = 4;      // partial sums of a product, the same ones on every instruction set
constexpr std::size_t kRowBlock = 32;  // rows a task takes: they stay in cache while all other rows pass
constexpr std::size_t kTile = 2;       // kTile x kTile products are taken at once, from registers

// products[r][c] = a_r . b_c. Which tile a pair falls into does not change its sums.
void multiply_tile(const double* const (&a)[kTile], const double* const (&b)[kTile], std::size_t stride,
                   double (&products)[kTile][kTile]) {
  double sums[kTile][kTile][kLanes] = {};
  for (std::size_t d = 0; d < stride; d += kLanes) {
    for (std::size_t r = 0; r < kTile; ++r)
      for (std::size_t c = 0; c < kTile; ++c)
        for (std::size_t l = 0; l < kLanes; ++l) sums[r][c][l] += a[r][d + l] * b[c][d + l];
  }
  for (std::size_t r = 0; r < kTile; ++r)
    for (std::size_t c = 0; c < kTile; ++c)
      products[r][c] = (sums[r][c][0] + sums[r][c][1]) + (sums[r][c][2] + sums[r][c][3]);
}

// To a multiple of 2^-40, the last place of doubles near 6144: what differs by rounding errors alone (rows that are
// multiples of each other, say) is a tie, and nothing is above 1 or below -1.
double rounded(double similarity) { return (similarity + 6144) - 6144; }

void search_block(const UnitRows& unit, std::size_t begin, std::size_t end, Neighbours& result, const Cancel& cancel) {
  const std::size_t n = result.rows;
  std::vector<BestNeighbours> best(end - begin, BestNeighbours(result.k));
  for (std::size_t j = 0; j < n; j += kTile) {
    if (j % 64 == 0 && cancel.requested()) return;
    const double* b[kTile];
    for (std::size_t c = 0; c < kTile; ++c) b[c] = unit.row(std::min(j + c, n - 1));
    for (std::size_t i = begin; i < end; i += kTile) {
      const double* a[kTile];
      for (std::size_t r = 0; r < kTile; ++r) a[r] = unit.row(std::min(i + r, end - 1));
      double products[kTile][kTile];
      multiply_tile(a, b, unit.stride, products);
      for (std::size_t r = 0; r < std::min(kTile, end - i); ++r) {
        for (std::size_t c = 0; c < std::min(kTile, n - j); ++c) {
          if (i + r == j + c || unit.zero[i + r] || unit.zero[j + c]) continue;
          best[i + r - begin].offer(rounded(products[r][c]), static_cast<uint32_t>(j + c));
        }
      }
    }
  }
  for (std::size_t i = begin; i < end; ++i) best[i - begin].write(result, i);
}

}  // namespace

Status make_unit_rows(const Matrix& matrix, UnitRows& unit) {
  unit.stride = (matrix.dim + kLanes - 1) / kLanes * kLanes;
  unit.values.assign(matrix.rows * unit.stride, 0);
  unit.zero.assign(matrix.rows, 0);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    double square = 0;
    double* row = unit.values.data() + i * unit.stride;
    for (std::size_t d = 0; d < matrix.dim; ++d) {
      row[d] = matrix.values[i * matrix.dim + d];
      if (!std::isfinite(row[d])) {
        return Status::error("INVALID_ARGUMENT", "Feature value at row " + std::to_string(i) + ", column " +
                                                     std::to_string(d) + " is " +
                                                     (std::isnan(row[d]) ? "NaN" : "infinite") +
                                                     "; features must be finite numbers.");
      }
      square += row[d] * row[d];
    }
    unit.zero[i] = square == 0;
    if (square == 0) continue;
    const double length = std::sqrt(square);
    for (std::size_t d = 0; d < matrix.dim; ++d) row[d] /= length;
  }
  return {};
}

double similarity(const UnitRows& unit, std::size_t a, std::size_t b) {
  const double* const rows_a[kTile] = {unit.row(a), unit.row(a)};
  const double* const rows_b[kTile] = {unit.row(b), unit.row(b)};
  double products[kTile][kTile];
  multiply_tile(rows_a, rows_b, unit.stride, products);
  return rounded(products[0][0]);
}

void BestNeighbours::offer(double similarity, uint32_t index) {
  if (found_.size() == k_ && similarity <= found_.back().first) return;
  if (found_.size() == k_) found_.pop_back();
  const auto place = std::upper_bound(found_.begin(), found_.end(), similarity,
                                      [](double s, const std::pair<double, uint32_t>& f) { return s > f.first; });
  found_.insert(place, {similarity, index});
}

void BestNeighbours::write(Neighbours& result, std::size_t row) const {
  std::size_t place = row * result.k;
  for (const auto& [similarity, index] : found_) {
    result.index[place] = index;
    result.similarity[place++] = similarity;
  }
}

Status nearest_neighbours(const Matrix& matrix, std::size_t k, std::size_t threads, const Cancel& cancel,
                          Neighbours& result) {
  UnitRows unit;
  Status status = make_unit_rows(matrix, unit);
  if (!status.ok()) return status;
  result.rows = matrix.rows;
  result.k = matrix.rows == 0 ? 0 : std::min(k, matrix.rows - 1);
  result.index.assign(result.rows * result.k, kNoNeighbour);
  result.similarity.assign(result.rows * result.k, 0);
  if (result.k == 0) return {};
  parallel_for((matrix.rows + kRowBlock - 1) / kRowBlock, threads, [&](std::size_t block) {
    const std::size_t begin = block * kRowBlock;
    if (!cancel.requested()) search_block(unit, begin, std::min(begin + kRowBlock, matrix.rows), result, cancel);
  });
  return cancel.requested() ? Status::cancelled() : Status{};
}

SimilarityGraph union_graph(const Neighbours& neighbours) {
  std::vector<std::vector<std::pair<uint32_t, double>>> rows(neighbours.rows);
  for (std::size_t i = 0; i < neighbours.rows; ++i) {
    for (std::size_t place = i * neighbours.k; place < (i + 1) * neighbours.k; ++place) {
      const double weight = neighbours.similarity[place];
      if (!(weight > 0)) continue;
      rows[i].emplace_back(neighbours.index[place], weight);
      rows[neighbours.index[place]].emplace_back(static_cast<uint32_t>(i), weight);
    }
  }
  SimilarityGraph graph;
  graph.offsets.push_back(0);
  for (auto& row : rows) {
    // A pair that are each other's neighbours stands twice, with the same similarity to the last bit.
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    for (const auto& [target, weight] : row) {
      graph.targets.push_back(target);
      graph.weights.push_back(weight);
    }
    graph.offsets.push_back(static_cast<uint32_t>(graph.targets.size()));
  }
  return graph;
}

}  // namespace infomotion
