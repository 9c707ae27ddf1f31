// Searches modules inside modules, as deep as shortens the code (the codelength of evaluate.h).
//
// A tree grows from the two-level partition of the network: upwards, modules are grouped by a partition of the graph
// between them, in which a module is a word at the rate it is entered, again and again while that gains; downwards, the
// inside of each module is partitioned as a network of its own, with the module's exit as one more word, and so on inside
// its modules. Then the finest modules are grouped anew and what is above and below them is searched again, until a round
// gains too little.
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

// `optimize` for a whole network; but all nodes that the walker visits in one module where that is shorter. Moves need not
// lead there, since nodes without a link between them are no neighbours.
template <class Objective>
Partition optimize_network(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                           const Objective& objective, const SearchOptions& options, runtime::Random random,
                           const runtime::Cancel& cancel);

struct Nested {
  std::vector<std::vector<uint32_t>> levels;  // the module of each node, from the top; evaluate.h says how they nest
  double codelength = 0;                      // as the objective counts it
  double preference = 0;                      // bits for the number of modules at the top (counted.h)
};

// Where `cancel` is raised it returns early, with what it has.
template <class Objective>
Nested optimize_levels(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                       const Objective& objective, const SearchOptions& options, runtime::Random random, const runtime::Cancel& cancel);

}  // namespace infomotion::infomap
