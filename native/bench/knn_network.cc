// knn_network NODES SEED OUT: writes a link list of the kind similarity graphs are: the 10 nearest neighbours by
// cosine, in either direction, of points from a hierarchical Gaussian mixture of about 250 points a component, in
// random order. Neighbours are sought in the point's own component and those beside it, so that 10^7 nodes take
// minutes, not days. Alone of native/, benchmarks read files and print.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "runtime/random.h"
#include "runtime/thread_pool.h"

using namespace infomotion;
using namespace infomotion::runtime;

namespace {

constexpr uint32_t kDim = 12, kNeighbours = 10, kNear = 8, kComponent = 250;

struct Points {
  explicit Points(uint32_t n) : count(n), values(static_cast<std::size_t>(n) * kDim) {}
  float* at(uint32_t i) { return values.data() + static_cast<std::size_t>(i) * kDim; }
  uint32_t count;
  std::vector<float> values;
};

// Irwin and Hall: the sum of 12 uniform numbers is normal enough here, and the same on every platform.
float gaussian(Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return static_cast<float>(sum);
}

float dot(const float* a, const float* b) {
  float sum = 0;
  for (uint32_t d = 0; d < kDim; ++d) sum += a[d] * b[d];
  return sum;
}

void normalize(Points& points) {
  for (uint32_t i = 0; i < points.count; ++i) {
    float* p = points.at(i);
    const float scale = 1 / std::sqrt(dot(p, p));
    for (uint32_t d = 0; d < kDim; ++d) p[d] *= scale;
  }
}

// Points around the given ones, `parent[i]` that of point i.
Points around(Points& centres, uint32_t count, float spread, Random& random, std::vector<uint32_t>& parent) {
  Points points(count);
  parent.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    parent[i] = random.below(centres.count);
    for (uint32_t d = 0; d < kDim; ++d) points.at(i)[d] = centres.at(parent[i])[d] + spread * gaussian(random);
  }
  return points;
}

// The `count` points of `candidates` most like `point`, best first.
std::vector<std::pair<float, uint32_t>> most_like(const float* point, Points& points,
                                                  const std::vector<uint32_t>& candidates, uint32_t count) {
  std::vector<std::pair<float, uint32_t>> like;
  like.reserve(candidates.size());
  for (uint32_t c : candidates) like.emplace_back(-dot(point, points.at(c)), c);
  count = std::min<uint32_t>(count, static_cast<uint32_t>(like.size()));
  std::partial_sort(like.begin(), like.begin() + count, like.end());
  like.resize(count);
  return like;
}

}  // namespace

int main(int argc, char** argv) {
  std::FILE* out = argc == 4 ? std::fopen(argv[3], "wb") : nullptr;
  if (out == nullptr) {
    std::fprintf(stderr, "usage: knn_network NODES SEED OUT\n");
    return 2;
  }
  const uint32_t n = static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10));
  Random random(static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)));
  const uint32_t components = std::max(1u, n / kComponent);
  const uint32_t branch = std::max(1u, static_cast<uint32_t>(std::cbrt(components)));
  std::vector<uint32_t> parent, component;
  Points root(1);
  Points regions = around(root, branch, 1, random, parent);
  Points areas = around(regions, branch * branch, 0.6f, random, parent);
  Points centres = around(areas, components, 0.45f, random, parent);
  Points points = around(centres, n, 0.35f, random, component);
  normalize(centres);
  normalize(points);

  std::vector<std::vector<uint32_t>> members(components);
  for (uint32_t i = 0; i < n; ++i) members[component[i]].push_back(i);
  std::vector<uint32_t> every(components);
  for (uint32_t c = 0; c < components; ++c) every[c] = c;
  std::vector<std::pair<float, uint32_t>> neighbours(static_cast<std::size_t>(n) * kNeighbours, {0, UINT32_MAX});
  parallel_for(components, 0, [&](std::size_t c) {
    std::vector<uint32_t> candidates;
    for (const auto& [like, near] : most_like(centres.at(static_cast<uint32_t>(c)), centres, every, kNear))
      candidates.insert(candidates.end(), members[near].begin(), members[near].end());
    for (uint32_t i : members[c]) {
      uint32_t at = 0;
      for (const auto& [like, j] : most_like(points.at(i), points, candidates, kNeighbours + 1))
        if (j != i && at < kNeighbours) neighbours[static_cast<std::size_t>(i) * kNeighbours + at++] = {-like, j};
    }
  });
  for (uint32_t i = 0; i < n; ++i) {
    const auto* mine = neighbours.data() + static_cast<std::size_t>(i) * kNeighbours;
    for (uint32_t k = 0; k < kNeighbours && mine[k].second != UINT32_MAX; ++k) {
      const auto [like, j] = mine[k];
      const auto* theirs = neighbours.data() + static_cast<std::size_t>(j) * kNeighbours;
      const bool both = std::any_of(theirs, theirs + kNeighbours, [&](const auto& link) { return link.second == i; });
      if ((both && j < i) || like <= 0) continue;  // written from the other end
      std::fprintf(out, "%u %u %.6f\n", i, j, static_cast<double>(like));
    }
  }
  return std::fclose(out) == 0 ? 0 : 1;
}
