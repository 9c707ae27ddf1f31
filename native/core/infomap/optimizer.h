// Searches the partition of a graph that minimizes an objective. Knows of the objective only its contract
// (objective.h), of the graph only the symmetric CSR.
//
// The first cycle coarsens the graph: it merges units (nodes, sub-modules, ...) level by level until nothing merges.
// Then, from the coarsest level down to the nodes, the units of each level move freely between the modules. Each
// further cycle does the same with sub-modules that are found inside the modules so far. So sub-modules of every size
// and single nodes all get to move: the multilevel refinement of graph partitioning. Cycles repeat until one gains too
// little.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow_graph.h"
#include "runtime/cancel.h"
#include "runtime/random.h"

namespace infomotion::infomap {

struct Partition {
  std::vector<uint32_t> modules;  // the module of each node, numbered without gaps
  uint32_t count = 0;
  double total = 0;  // as the objective counts it
};

struct SearchOptions {
  std::vector<uint32_t> initial;  // the modules to start from, numbers below the number of nodes; empty: none
  uint32_t threads = 1;           // the result is the same for any number
  bool thorough = false;          // try more: it takes some ten times as long
};

// `objective` has not been started. When `cancel` is raised, this returns early with what it has.
template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                   const Objective& objective, const SearchOptions& options, runtime::Random random,
                   const runtime::Cancel& cancel);

}  // namespace infomotion::infomap
