// From links to the flow of a random walker: visit rates of nodes and flow along links.
//
// Undirected: the flow along a link is proportional to its weight (the stationary state of the walk).
// Directed: PageRank with teleportation to nodes in proportion to their out-weight ("to links"), then one step along
// links only, so that teleportation is not recorded: R. Lambiotte and M. Rosvall, "Ranking and clustering of nodes in
// networks with smart teleportation", Phys. Rev. E 85, 056107 (2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infomap/links.h"
#include "runtime/cancel.h"

namespace infomotion {

struct Flow {
  uint32_t nodes = 0;
  bool directed = false;
  // The rows of Links, with flow in place of weight. An undirected link carries `link_flow` in each direction.
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> link_flow;
  std::vector<double> node_flow;  // sums to 1 (0 if there are no links); 0 for nodes without in-links
};

// `teleportation` (0..1) matters to directed networks only.
Status compute_flow(Links links, double teleportation, const Cancel& cancel, Flow& flow);

// The flow as optimizers need it: ONE symmetric CSR holding s(u,v) = flow(u->v) + flow(v->u), no self-links. Moving a
// node changes the enter and exit flow of a module m by the node's own minus s(node, m), whatever the direction.
struct FlowGraph {
  uint32_t nodes = 0;
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> neighbours;
  std::vector<double> flow;
};
FlowGraph make_flow_graph(const Flow& flow);

// The graph between modules (0..count-1, none empty): s summed over the links between each two of them.
FlowGraph aggregate(const FlowGraph& graph, const std::vector<uint32_t>& modules, uint32_t count);

}  // namespace infomotion
