// Searches the partition of a graph that minimizes an objective. Knows of the objective only its contract
// (objective.h), of the graph only the symmetric CSR.
//
// The first cycle coarsens the graph by merging units (nodes, sub-modules, ...) level by level until nothing merges; then,
// from the coarsest level down to the nodes, it moves the units of each level freely between modules. Further cycles do
// the same from sub-modules found inside the modules so far. So modules, sub-modules of every size and single nodes all
// get their turn ("coarse-tune" and "fine-tune" in one): the multilevel refinement of graph partitioning. Cycles repeat
// until they gain too little.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow_graph.h"
#include "runtime/cancel.h"
#include "runtime/random.h"

namespace infomotion::infomap {

struct Partition {
  std::vector<uint32_t> modules;  // one a node, numbers without gaps
  uint32_t count = 0;
  double total = 0;  // the objective's own total
};

struct SearchOptions {
  std::vector<uint32_t> initial;  // the partition to start from, numbers below the number of nodes; empty: none
  uint32_t threads = 1;           // the result is the same for any number
};

// `objective` has not been started. Where `cancel` is raised it returns early, with what it has.
template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                   const Objective& objective, const SearchOptions& options, runtime::Random random, const runtime::Cancel& cancel);

}  // namespace infomotion::infomap
