#include "device/neighbours.h"

#include <algorithm>
#include <vector>

#include "device/cuda.h"
#include "runtime/thread_pool.h"

namespace infomotion::device {
namespace {

constexpr std::size_t kSpare = 22;  // candidates beside the k that are wanted

// A product of two unit vectors, rounded to floats and summed in floats, is off by at most
// (dim + 2) u sum |a_i b_i| <= (dim + 2) u, with u = 2^-24 (Higham, Accuracy and Stability, section 3.1); the second
// term covers what is of higher order, and the rounding of the double itself.
double most_error(std::size_t dim) { return (static_cast<double>(dim) + 8) * 1.01 / 16777216.0; }

}  // namespace

Status nearest_neighbours(const InfomotionPlugin& table, const Matrix& matrix, std::size_t k, const Cancel& cancel,
                          Neighbours& result) {
  UnitRows unit;
  Status status = make_unit_rows(matrix, unit);
  if (!status.ok()) return status;
  const std::size_t rows = matrix.rows;
  result.rows = rows;
  result.k = rows == 0 ? 0 : std::min(k, rows - 1);
  result.index.assign(rows * result.k, kNoNeighbour);
  result.similarity.assign(rows * result.k, 0);
  if (result.k == 0) return {};

  const std::size_t wanted = std::min(result.k + kSpare, rows - 1);
  std::vector<float> values(rows * matrix.dim), score(rows * wanted);
  std::vector<uint32_t> index(rows * wanted);
  for (std::size_t i = 0; i < rows; ++i)
    std::transform(unit.row(i), unit.row(i) + matrix.dim, values.begin() + static_cast<std::ptrdiff_t>(i * matrix.dim),
                   [](double value) { return static_cast<float>(value); });
  const InfomotionNeighboursRequest request = {rows,         matrix.dim,   wanted,       values.data(),    nullptr,
                                               unit.zero.data(), index.data(), score.data(), to_plugin(cancel)};
  InfomotionMessage message = {};
  status = to_status(table.neighbours(&request, &message), message);
  if (!status.ok()) return status;

  const double error = most_error(matrix.dim);
  parallel_for(rows, 0, [&](std::size_t i) {
    if (unit.zero[i] || cancel.requested()) return;
    const uint32_t* candidates = index.data() + i * wanted;
    BestNeighbours best(result.k);
    std::vector<uint32_t> ascending(candidates, std::find(candidates, candidates + wanted, kNoNeighbour));
    const bool all = ascending.size() < wanted || wanted == rows - 1;  // there are no others
    std::sort(ascending.begin(), ascending.end());
    for (const uint32_t j : ascending) best.offer(similarity(unit, i, j), j);
    if (!all && best.found().back().first <= score[(i + 1) * wanted - 1] + error) {
      best = BestNeighbours(result.k);
      for (std::size_t j = 0; j < rows; ++j)
        if (j != i && !unit.zero[j]) best.offer(similarity(unit, i, j), static_cast<uint32_t>(j));
    }
    best.write(result, i);
  });
  return cancel.requested() ? Status::cancelled() : Status{};
}

}  // namespace infomotion::device
