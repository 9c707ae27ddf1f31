#include "graph/similarity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace infomotion::graph {
namespace {

constexpr std::size_t kScaleNeighbour = 7;

double squared_distance(double similarity, Metric metric) {
  return metric == Metric::kCosine ? std::max(0.0, 2 - 2 * similarity) : similarity * similarity;
}

// s_i; 0 for a row without neighbours.
std::vector<double> local_scales(const Neighbours& neighbours, Metric metric) {
  std::vector<double> scales(neighbours.rows, 0);
  for (std::size_t i = 0; i < neighbours.rows; ++i) {
    const std::size_t begin = i * neighbours.k;
    std::size_t count = std::min(neighbours.k, kScaleNeighbour);
    while (count > 0 && neighbours.index[begin + count - 1] == kNoNeighbour) --count;
    if (count > 0) scales[i] = std::sqrt(squared_distance(neighbours.similarity[begin + count - 1], metric));
  }
  return scales;
}

// Rounds to a multiple of 2^-40, since mathematical libraries differ in the last bit of exp.
double local_weight(double square, double scales) {
  if (square == 0) return 1;
  return scales > 0 ? std::nearbyint(std::exp(-square / scales) * 1099511627776.0) / 1099511627776.0 : 0;
}

}  // namespace

SimilarityGraph similarity_graph(const Neighbours& neighbours, Metric metric, LinkRule rule, Weighting weighting) {
  const std::size_t n = neighbours.rows, k = neighbours.k;
  const std::vector<double> scales =
      weighting == Weighting::kLocal ? local_scales(neighbours, metric) : std::vector<double>();
  const auto weight_of = [&](std::size_t i, uint32_t j, double similarity) {
    if (weighting == Weighting::kCosine) return similarity;
    return local_weight(squared_distance(similarity, metric), scales[i] * scales[j]);
  };

  // Each neighbour as a link from both its ends: `starts` are the rows' places in `links`.
  using Link = std::pair<uint32_t, double>;
  std::vector<std::size_t> starts(n + 1, 0);
  for (std::size_t place = 0; place < n * k; ++place) {
    if (neighbours.index[place] == kNoNeighbour) continue;
    ++starts[place / k + 1];
    ++starts[neighbours.index[place] + 1];
  }
  for (std::size_t i = 0; i < n; ++i) starts[i + 1] += starts[i];
  std::vector<Link> links(starts[n]);
  std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
  for (std::size_t place = 0; place < n * k; ++place) {
    const uint32_t i = static_cast<uint32_t>(place / k), j = neighbours.index[place];
    if (j == kNoNeighbour) continue;
    const double weight = weight_of(i, j, neighbours.similarity[place]);
    links[next[i]++] = {j, weight};
    links[next[j]++] = {i, weight};
  }

  SimilarityGraph graph;
  graph.offsets.push_back(0);
  for (std::size_t i = 0; i < n; ++i) {
    // A pair that are each other's neighbours stands twice, with the same weight to the last bit.
    const auto begin = links.begin() + static_cast<std::ptrdiff_t>(starts[i]);
    const auto end = links.begin() + static_cast<std::ptrdiff_t>(starts[i + 1]);
    std::sort(begin, end);
    for (auto link = begin; link != end;) {
      const bool mutual = link + 1 != end && (link + 1)->first == link->first;
      if (link->second > 0 && (mutual || rule == LinkRule::kUnion)) {
        graph.targets.push_back(link->first);
        graph.weights.push_back(link->second);
      }
      link += mutual ? 2 : 1;
    }
    graph.offsets.push_back(static_cast<uint32_t>(graph.targets.size()));
  }
  return graph;
}

}  // namespace infomotion::graph
