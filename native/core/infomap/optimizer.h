// Searches the partition of a graph that minimizes an objective. Knows of the objective only its contract
// (map_equation.h), of the graph only the symmetric CSR.
//
// One cycle coarsens the graph by merging units (nodes, sub-modules, ...) level by level, inside the modules found so
// far, until nothing merges; then, from the coarsest level down to the nodes, it moves the units of each level freely
// between modules. So modules, sub-modules of every size and single nodes all get their turn ("coarse-tune" and
// "fine-tune" in one): the multilevel refinement of graph partitioning. Cycles repeat until they gain too little.
//
// Moves are the "fast local moves" of V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden", Sci. Rep. 9,
// 5233 (2019): a queue of units whose neighbourhood has changed.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/random.h"

namespace infomotion {

struct Partition {
  std::vector<uint32_t> modules;  // one a node, numbers without gaps
  uint32_t count = 0;
  double total = 0;  // the objective's own total
};

// Starts from the partition `initial`, numbers below the number of nodes (empty: from each node by itself). Where `cancel`
// is raised it returns early, with what it has.
template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units, Objective objective,
                   std::vector<uint32_t> initial, Random random, const Cancel& cancel);

}  // namespace infomotion
