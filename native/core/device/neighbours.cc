#include "device/neighbours.h"

#include <algorithm>
#include <vector>

#include "graph/score.h"
#include "runtime/thread_pool.h"

namespace infomotion::device {
namespace {

constexpr double kFewProducts = 1e9;

constexpr std::size_t kSpare = 22;  // candidates beside the k that are wanted

// A product of two rows of at most length 1, rounded to floats and summed in floats, is off by at most
// (dim + 2) u sum |a_i b_i| <= (dim + 2) u, with u = 2^-24 (Higham, Accuracy and Stability, section 3.1); by distance
// half a square is rounded and added to it. The rest covers what is of higher order, and the roundings in double.
double most_error(std::size_t dim) { return (static_cast<double>(dim) + 16) * 1.01 / 16777216.0; }

}  // namespace

runtime::Status nearest_neighbours(const InfomotionPlugin& table, const graph::Matrix& matrix, std::size_t k,
                                   const runtime::Cancel& cancel, graph::Neighbours& result, graph::Metric metric) {
  graph::Score exact(matrix, metric);
  runtime::Status status = exact.measure();
  if (!status.ok()) return status;
  const std::size_t rows = matrix.rows;
  result.rows = rows;
  result.k = rows == 0 ? 0 : std::min(k, rows - 1);
  result.index.assign(rows * result.k, graph::kNoNeighbour);
  result.similarity.assign(rows * result.k, 0);
  if (result.k == 0) return {};

  const std::size_t wanted = std::min(result.k + kSpare, rows - 1);
  std::vector<float> values(rows * matrix.dim), score(rows * wanted);
  std::vector<uint32_t> index(rows * wanted);
  std::vector<uint8_t> zero(rows);
  for (std::size_t i = 0; i < rows; ++i) zero[i] = exact.excluded(i);
  const graph::Score::Screen screen = exact.screen(values.data(), matrix.dim);
  std::vector<float> bias(rows);
  std::transform(screen.half.begin(), screen.half.end(), bias.begin(), [](float half) { return -half; });
  const float* column_bias = metric == graph::Metric::kEuclid ? bias.data() : nullptr;
  const InfomotionNeighboursRequest request = {rows,        matrix.dim,   wanted,       values.data(),    column_bias,
                                               zero.data(), index.data(), score.data(), to_plugin(cancel)};
  InfomotionMessage message = {};
  status = to_status(table.neighbours(&request, &message), message);
  if (!status.ok()) return status;

  const double error = most_error(matrix.dim);
  // A score as the device sees it: by distance -d^2 / (2 length^2) and the row's own half square.
  const auto on_device = [&](std::size_t i, double value) {
    return metric == graph::Metric::kEuclid ? value / (2 * screen.length * screen.length) + screen.half[i] : value;
  };
  runtime::parallel_for(rows, 0, [&](std::size_t i) {
    if (zero[i] || cancel.requested()) return;
    const uint32_t* first = index.data() + i * wanted;
    std::vector<uint32_t> candidates(first, std::find(first, first + wanted, graph::kNoNeighbour));
    graph::Score::Ranked nearest = exact.nearest(i, candidates, result.k);
    const bool all = candidates.size() < wanted || wanted == rows - 1;  // there are no others
    if (!all && on_device(i, -nearest.back().first) <= score[(i + 1) * wanted - 1] + error) {
      candidates.clear();
      for (std::size_t j = 0; j < rows; ++j)
        if (j != i && !zero[j]) candidates.push_back(static_cast<uint32_t>(j));
      nearest = exact.nearest(i, candidates, result.k);
    }
    exact.write(nearest, i, result);
  });
  return cancel.requested() ? runtime::Status::cancelled() : runtime::Status{};
}

runtime::Status nearest_neighbours(Choice choice, const graph::Matrix& matrix, std::size_t k,
                                   const runtime::Cancel& cancel, graph::Neighbours& result, graph::Metric metric,
                                   Used* used) {
  const double products =
      static_cast<double>(matrix.rows) * static_cast<double>(matrix.rows) * static_cast<double>(matrix.dim);
  const bool few = choice == Choice::kAuto && products < kFewProducts;
  if (few) used->reason = "so small a search is faster on the CPU";
  return compute(
      few ? Choice::kCpu : choice, used,
      [&](const InfomotionPlugin& table) { return nearest_neighbours(table, matrix, k, cancel, result, metric); },
      [&] { return graph::nearest_neighbours(matrix, k, 0, cancel, result, metric); });
}

}  // namespace infomotion::device
