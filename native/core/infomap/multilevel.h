// Searches for modules inside modules, to whatever depth makes the code shortest (the codelength of evaluate.h).
//
// The tree starts as the two-level partition of the network and grows in both directions. Upwards: the graph between
// the modules is partitioned, a module being a word that is used at the rate at which the module is entered; this
// repeats while it gains. Downwards: the inside of each module is partitioned as a network of its own, with the exit of
// the module as one more word; this repeats inside the modules found. Then the finest modules are grouped anew, and the
// levels above and below them are searched again, until a round gains too little.
//
// M. Rosvall and C. T. Bergstrom, PLoS ONE 6, e18209 (2011).
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/optimizer.h"
#include "runtime/cancel.h"
#include "runtime/random.h"

namespace infomotion::infomap {

// `optimize` for a whole network, but with all nodes that the walker visits in one module if that is shorter (all nodes, where each module
// costs a word). Moves need not lead there, since nodes that are not linked are no neighbours.
template <class Objective>
Partition optimize_network(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                           const Objective& objective, const SearchOptions& options, runtime::Random random,
                           const runtime::Cancel& cancel);

struct Nested {
  std::vector<std::vector<uint32_t>> levels;  // the module of each node, from the top; evaluate.h says how they nest
  double codelength = 0;                      // as the objective counts it
  double preference = 0;                      // bits for the number of modules at the top (counted.h)
};

// When `cancel` is raised, this returns early with what it has.
template <class Objective>
Nested optimize_levels(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                       const Objective& objective, const SearchOptions& options, runtime::Random random,
                       const runtime::Cancel& cancel);

}  // namespace infomotion::infomap
