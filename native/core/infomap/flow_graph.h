// The flow as optimizers need it: ONE symmetric CSR holding s(u,v) = flow(u->v) + flow(v->u), no self-links. Moving a
// node changes the enter and exit flow of a module m by the node's own minus s(node, m), whatever the direction.
//
// All results are the same for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infomap/flow.h"

namespace infomotion::infomap {

struct FlowGraph {
  uint32_t nodes = 0;
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> neighbours;
  std::vector<double> flow;
};
FlowGraph make_flow_graph(const Flow& flow, uint32_t threads = 1);

// An order of the nodes in which neighbours are near each other: balls grown breadth first, each beside the ones
// before. It costs one pass over the links; the search of a graph whose numbering says nothing gains more than that.
std::vector<uint32_t> order_by_neighbourhood(const FlowGraph& graph);

// The same graph with node order[k] as node k. `result` may hold memory from an earlier call, which is used again.
void permute(const FlowGraph& graph, const std::vector<uint32_t>& order, uint32_t threads, FlowGraph& result);

// The graph between modules (0..count-1, none empty): s summed over the links between each two of them.
FlowGraph aggregate(const FlowGraph& graph, const std::vector<uint32_t>& modules, uint32_t count, uint32_t threads = 1);

}  // namespace infomotion::infomap
