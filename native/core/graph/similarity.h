// The graph made of nearest neighbours.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/knn.h"

namespace infomotion::graph {

enum class LinkRule {
  kUnion,   // i and j are linked if either is among the other's neighbours
  kMutual,  // ... if each is
};

enum class Weighting {
  kCosine,  // max(cosine, 0)
  // exp(-d^2 / (s_i s_j)), s_i being the distance of the 7th neighbour (or the last one): near and far regions of a
  // data set get weights of the same range. L. Zelnik-Manor and P. Perona, "Self-tuning spectral clustering", NIPS
  // 2004; of cosines, d^2 = 2 - 2 cos.
  kLocal,
};

// Symmetric CSR, rows sorted by target.
struct SimilarityGraph {
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> weights;
};

// No link has weight 0. kCosine is for neighbours by cosine.
SimilarityGraph similarity_graph(const Neighbours& neighbours, Metric metric, LinkRule rule, Weighting weighting);

}  // namespace infomotion::graph
