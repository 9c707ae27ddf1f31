// Exact nearest neighbours, by cosine or by distance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/cancel.h"
#include "runtime/isa.h"
#include "runtime/status.h"

namespace infomotion::graph {

// A dense matrix, row by row.
struct Matrix {
  std::size_t rows = 0;
  std::size_t dim = 0;
  const float* values = nullptr;
};

enum class Metric { kCosine, kEuclid };

// Marks the places of a row that has fewer than k neighbours.
constexpr uint32_t kNoNeighbour = 0xffffffffu;

struct Neighbours {
  std::size_t rows = 0;
  std::size_t k = 0;
  std::vector<uint32_t> index;  // rows * k, nearest first, ties by lower index
  // rows * k. Cosine: the similarity in [-1, 1], 0 where there is no neighbour. Euclid: the distance.
  std::vector<double> similarity;
};

// The k = min(k, rows - 1) rows nearest to each. By cosine, rows of zeros have no direction: they have no neighbours
// and are none.
//
// Every pair is screened by a product in single precision, computed once for both its rows; of those that can be among
// a row's k nearest, by the bound on the product's error, the cosine or distance is then summed in double in a fixed
// order (cosines rounded to 2^-40). So the result is exact, and the same for any number of threads and on every
// instruction set, and value(a, b) == value(b, a) to the last bit. Fails with INVALID_ARGUMENT where a value is not
// finite.
runtime::Status nearest_neighbours(const Matrix& matrix, std::size_t k, std::size_t threads,
                                   const runtime::Cancel& cancel, Neighbours& result, Metric metric = Metric::kCosine,
                                   runtime::Isa isa = runtime::current_isa());

}  // namespace infomotion::graph
