// Exact nearest neighbours by cosine, and the graph made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion {

// A dense matrix, row by row.
struct Matrix {
  std::size_t rows = 0;
  std::size_t dim = 0;
  const float* values = nullptr;
};

// Marks the places of a row that has fewer than k neighbours.
constexpr uint32_t kNoNeighbour = 0xffffffffu;

struct Neighbours {
  std::size_t rows = 0;
  std::size_t k = 0;
  std::vector<uint32_t> index;     // rows * k, by falling similarity, ties by lower index
  std::vector<double> similarity;  // rows * k, in [-1, 1]; 0 where there is no neighbour
};

// The k = min(k, rows - 1) rows most similar to each. Rows of zeros have no direction: they have no neighbours and are
// none. Products are summed in double in a fixed order and similarities rounded to 2^-40, so the result is the same
// for any number of threads, and similarity(a, b) == similarity(b, a) to the last bit. Fails with INVALID_ARGUMENT
// where a value is not finite.
Status nearest_neighbours(const Matrix& matrix, std::size_t k, std::size_t threads, const Cancel& cancel,
                          Neighbours& result);

// What the search is made of, for other machines to search and these to have the last word.

// The rows in double, scaled to length 1, padded with zeros to whole lanes.
struct UnitRows {
  std::size_t stride = 0;
  std::vector<double> values;
  std::vector<uint8_t> zero;  // rows of zeros
  const double* row(std::size_t i) const { return values.data() + i * stride; }
};
Status make_unit_rows(const Matrix& matrix, UnitRows& unit);

// The similarity of two rows as nearest_neighbours has it, to the last bit.
double similarity(const UnitRows& unit, std::size_t a, std::size_t b);

// The best k so far of one row: (similarity, index), kept sorted. k is small.
class BestNeighbours {
 public:
  explicit BestNeighbours(std::size_t k) : k_(k) { found_.reserve(k); }
  // Rows come by rising index, so that of two equal ones the lower is already in.
  void offer(double similarity, uint32_t index);
  const std::vector<std::pair<double, uint32_t>>& found() const { return found_; }
  void write(Neighbours& result, std::size_t row) const;

 private:
  std::size_t k_;
  std::vector<std::pair<double, uint32_t>> found_;
};

// Symmetric CSR, rows sorted by target.
struct SimilarityGraph {
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> weights;
};

// i and j are linked if either is among the other's neighbours, with weight max(similarity, 0); no link of weight 0.
SimilarityGraph union_graph(const Neighbours& neighbours);

}  // namespace infomotion
