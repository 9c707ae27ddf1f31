#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "graph/knn.h"
#include "runtime/random.h"
#include "test.h"

using namespace infomotion;

namespace {

const Cancel kNever;

std::vector<float> random_values(Random& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random.uniform() - 0.4);
  return values;
}

double cosine(const float* a, const float* b, std::size_t dim) {
  long double dot = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < dim; ++d) {
    dot += static_cast<long double>(a[d]) * b[d];
    aa += static_cast<long double>(a[d]) * a[d];
    bb += static_cast<long double>(b[d]) * b[d];
  }
  return static_cast<double>(dot / std::sqrt(aa * bb));
}

Neighbours neighbours_of(const std::vector<float>& values, std::size_t dim, std::size_t k, std::size_t threads = 1) {
  Neighbours result;
  CHECK(nearest_neighbours({values.size() / dim, dim, values.data()}, k, threads, kNever, result).ok());
  return result;
}

}  // namespace

TEST("knn: as by brute force, for sizes around the blocks") {
  Random random(1);
  for (std::size_t rows : {2, 3, 31, 32, 33, 65, 130}) {
    for (std::size_t dim : {1, 3, 4, 5, 17}) {
      const std::vector<float> values = random_values(random, rows * dim);
      const std::size_t k = std::min<std::size_t>(7, rows - 1);
      const Neighbours found = neighbours_of(values, dim, 7);
      CHECK(found.k == k);
      for (std::size_t i = 0; i < rows; ++i) {
        std::vector<double> all;
        for (std::size_t j = 0; j < rows; ++j)
          if (j != i) all.push_back(cosine(&values[i * dim], &values[j * dim], dim));
        std::sort(all.rbegin(), all.rend());
        for (std::size_t r = 0; r < k; ++r) {
          const uint32_t j = found.index[i * k + r];
          CHECK(j < rows && j != i);
          CHECK_NEAR(found.similarity[i * k + r], all[r], 1e-12);
          CHECK_NEAR(found.similarity[i * k + r], cosine(&values[i * dim], &values[j * dim], dim), 1e-12);
        }
      }
    }
  }
}

TEST("knn: equal similarities go to the lower index") {
  std::vector<float> values(40 * 3);  // 40 rows of one direction
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.7f * static_cast<float>(1 + i / 3);
  const Neighbours found = neighbours_of(values, 3, 3);
  const std::vector<uint32_t> first(found.index.begin(), found.index.begin() + 6);
  CHECK((first == std::vector<uint32_t>{1, 2, 3, 0, 2, 3}));
  CHECK((std::vector<uint32_t>(found.index.end() - 3, found.index.end()) == std::vector<uint32_t>{0, 1, 2}));
  CHECK(found.similarity[0] == 1);
}

TEST("knn: the same for any number of threads") {
  Random random(2);
  const std::vector<float> values = random_values(random, 300 * 20);
  const Neighbours one = neighbours_of(values, 20, 10, 1);
  for (std::size_t threads : {2, 4}) {
    const Neighbours more = neighbours_of(values, 20, 10, threads);
    CHECK(more.index == one.index);
    CHECK(more.similarity == one.similarity);
  }
}

TEST("knn: rows of zeros have no neighbours and are none; values that are no numbers are named") {
  std::vector<float> values{1, 0, 0, 0, 1, 1, -1, 0};  // rows: x, zero, diagonal, -x
  const Neighbours found = neighbours_of(values, 2, 3);
  const std::vector<uint32_t> first(found.index.begin(), found.index.begin() + 3);
  CHECK((first == std::vector<uint32_t>{2, 3, kNoNeighbour}));
  for (int r = 3; r < 6; ++r) CHECK(found.index[r] == kNoNeighbour);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  Neighbours result;
  const Status status = nearest_neighbours({4, 2, values.data()}, 3, 1, kNever, result);
  CHECK(status.code == "INVALID_ARGUMENT");
  CHECK(status.message.find("row 2, column 1 is NaN") != std::string::npos);
}

TEST("knn: cancelled") {
  Cancel cancel;
  cancel.request();
  const std::vector<float> values(100, 1.0f);
  Neighbours result;
  CHECK(nearest_neighbours({50, 2, values.data()}, 3, 1, cancel, result).code == "ABORTED");
}

TEST("similarity graph: the union of directed links, symmetric, without cosines of 0 or less") {
  Random random(3);
  const std::size_t rows = 90, dim = 4, k = 5;
  const std::vector<float> values = random_values(random, rows * dim);
  const Neighbours found = neighbours_of(values, dim, k);
  const SimilarityGraph graph = union_graph(found);
  std::vector<std::vector<double>> expected(rows, std::vector<double>(rows, 0));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = i * k; r < (i + 1) * k; ++r) {
      const double weight = std::max(found.similarity[r], 0.0);
      expected[i][found.index[r]] = expected[found.index[r]][i] = weight;
    }
  }
  std::size_t links = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    for (uint32_t l = graph.offsets[i]; l < graph.offsets[i + 1]; ++l) {
      CHECK(l == graph.offsets[i] || graph.targets[l] > graph.targets[l - 1]);
      CHECK(graph.weights[l] > 0 && graph.weights[l] == expected[i][graph.targets[l]]);
    }
    for (double weight : expected[i]) links += weight > 0;
  }
  CHECK(links == graph.targets.size());
  // Opposite rows are each other's neighbours, but not similar.
  const SimilarityGraph none = union_graph(neighbours_of({1, 0, -1, 0}, 2, 1));
  CHECK(none.targets.empty() && none.offsets.size() == 3);
}
