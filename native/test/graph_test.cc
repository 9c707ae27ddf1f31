#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "graph/knn.h"
#include "graph/similarity.h"
#include "runtime/random.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::graph;
using namespace infomotion::runtime;

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

TEST("knn by distance: as by brute force, far from the origin too") {
  Random random(5);
  for (float origin : {0.0f, 1000.0f}) {
    const std::size_t rows = 210, dim = 19, k = 6;
    std::vector<float> values = random_values(random, rows * dim);
    for (float& v : values) v += origin;
    Neighbours found;
    CHECK(nearest_neighbours({rows, dim, values.data()}, k, 2, kNever, found, Metric::kEuclid).ok());
    for (std::size_t i = 0; i < rows; ++i) {
      std::vector<std::pair<double, uint32_t>> all;
      for (std::size_t j = 0; j < rows; ++j) {
        double square = 0;
        for (std::size_t d = 0; d < dim; ++d) {
          const double difference = static_cast<double>(values[i * dim + d]) - values[j * dim + d];
          square += difference * difference;
        }
        if (j != i) all.emplace_back(std::sqrt(square), static_cast<uint32_t>(j));
      }
      std::sort(all.begin(), all.end());
      for (std::size_t r = 0; r < k; ++r) {
        CHECK(found.index[i * k + r] == all[r].second);
        CHECK_NEAR(found.similarity[i * k + r], all[r].first, 1e-12);
      }
    }
  }
}

// Rows that single precision cannot tell apart: every pair is a candidate, and memory stays bounded.
TEST("knn: rows that differ by less than the screening's error are ranked exactly") {
  Random random(6);
  const std::size_t rows = 400, dim = 130, k = 5;
  std::vector<float> values(rows * dim);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1 + static_cast<float>(random.uniform() - 0.5) * 1e-4f;
  for (Metric metric : {Metric::kCosine, Metric::kEuclid}) {
    Neighbours found;
    CHECK(nearest_neighbours({rows, dim, values.data()}, k, 1, kNever, found, metric).ok());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      double worst = 0, best_left_out = metric == Metric::kCosine ? -1 : 1e9;
      const auto begin = found.index.begin() + static_cast<std::ptrdiff_t>(i * k);
      worst = found.similarity[i * k + k - 1];
      for (std::size_t j = 0; j < rows; ++j) {
        if (j == i || std::find(begin, begin + k, j) != begin + k) continue;
        double square = 0;
        for (std::size_t d = 0; d < dim; ++d) {
          const double difference = static_cast<double>(values[i * dim + d]) - values[j * dim + d];
          square += difference * difference;
        }
        const double score =
            metric == Metric::kCosine ? cosine(&values[i * dim], &values[j * dim], dim) : std::sqrt(square);
        best_left_out = metric == Metric::kCosine ? std::max(best_left_out, score) : std::min(best_left_out, score);
      }
      wrong += metric == Metric::kCosine ? best_left_out > worst + 2e-12 : best_left_out < worst - 1e-12;
    }
    CHECK(wrong == 0);
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

TEST("knn: the same on every instruction set") {
  Random random(9);
  for (std::size_t dim : {1, 7, 130, 300}) {
    const std::size_t rows = 250;
    const std::vector<float> values = random_values(random, rows * dim);
    for (Metric metric : {Metric::kCosine, Metric::kEuclid}) {
      Neighbours scalar, other;
      nearest_neighbours({rows, dim, values.data()}, 8, 1, kNever, scalar, metric, Isa::kScalar);
      for (const Isa isa : available_isas()) {
        CHECK(nearest_neighbours({rows, dim, values.data()}, 8, 1, kNever, other, metric, isa).ok());
        CHECK(other.index == scalar.index && other.similarity == scalar.similarity);
      }
    }
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
  const SimilarityGraph graph = similarity_graph(found, Metric::kCosine, LinkRule::kUnion, Weighting::kCosine);
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
  const SimilarityGraph none =
      similarity_graph(neighbours_of({1, 0, -1, 0}, 2, 1), Metric::kCosine, LinkRule::kUnion, Weighting::kCosine);
  CHECK(none.targets.empty() && none.offsets.size() == 3);
}

TEST("similarity graph: mutual links are those of the union that stand in both lists") {
  Random random(7);
  const std::size_t rows = 120, dim = 5, k = 6;
  const std::vector<float> values = random_values(random, rows * dim);
  const Neighbours found = neighbours_of(values, dim, k);
  const SimilarityGraph graph = similarity_graph(found, Metric::kCosine, LinkRule::kMutual, Weighting::kCosine);
  const auto lists = [&](std::size_t i, std::size_t j) {
    const auto begin = found.index.begin() + static_cast<std::ptrdiff_t>(i * k);
    return std::find(begin, begin + k, j) != begin + k;
  };
  std::size_t links = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    for (uint32_t l = graph.offsets[i]; l < graph.offsets[i + 1]; ++l)
      CHECK(lists(i, graph.targets[l]) && lists(graph.targets[l], i));
    for (std::size_t j = 0; j < rows; ++j)
      links += j != i && lists(i, j) && lists(j, i) && cosine(&values[i * dim], &values[j * dim], dim) > 0;
  }
  CHECK(links > 100 && links == graph.targets.size());
}

TEST("similarity graph: local weights are exp(-d^2 / s_i s_j), the same at every scale of the values") {
  Random random(8);
  const std::size_t rows = 80, dim = 3, k = 9;
  std::vector<float> values = random_values(random, rows * dim);
  const auto graph_of = [&](Metric metric) {
    Neighbours found;
    CHECK(nearest_neighbours({rows, dim, values.data()}, k, 1, kNever, found, metric).ok());
    const SimilarityGraph graph = similarity_graph(found, metric, LinkRule::kUnion, Weighting::kLocal);
    for (std::size_t i = 0; i < rows; ++i) {
      for (uint32_t l = graph.offsets[i]; l < graph.offsets[i + 1]; ++l) {
        const std::size_t j = graph.targets[l];
        const auto square = [&](double value) { return metric == Metric::kCosine ? 2 - 2 * value : value * value; };
        double between = -1;
        for (std::size_t r = 0; r < k; ++r) {
          if (found.index[i * k + r] == j) between = square(found.similarity[i * k + r]);
          if (found.index[j * k + r] == i) between = square(found.similarity[j * k + r]);
        }
        const double scales = std::sqrt(square(found.similarity[i * k + 6]) * square(found.similarity[j * k + 6]));
        CHECK(between >= 0);
        CHECK_NEAR(graph.weights[l], std::exp(-between / scales), 1e-11);
      }
    }
    return graph;
  };
  graph_of(Metric::kCosine);
  const SimilarityGraph before = graph_of(Metric::kEuclid);
  for (float& v : values) v *= 8;
  const SimilarityGraph after = graph_of(Metric::kEuclid);
  CHECK(before.targets == after.targets && before.weights == after.weights);
  // Two equal rows are linked with weight 1, whatever their scale.
  Neighbours equal;
  const std::vector<float> twins{1, 1, 5};
  CHECK(nearest_neighbours({3, 1, twins.data()}, 1, 1, kNever, equal, Metric::kEuclid).ok());
  const SimilarityGraph linked = similarity_graph(equal, Metric::kEuclid, LinkRule::kUnion, Weighting::kLocal);
  CHECK(linked.targets[0] == 1 && linked.weights[0] == 1);
}
