// The rates at which modules are entered and left along links: all there is to know of a walk whose teleportation, if
// any, is not recorded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/plogp.h"

namespace infomotion::infomap {

// A set of nodes: its visit rate, and the flow along links into it and out of it.
struct LinkUnit {
  double flow = 0, enter = 0, exit = 0;

  // The union with another set, s being the flow between the two in both directions: that is inside now.
  LinkUnit joined(const LinkUnit& other, double s) const {
    return {flow + other.flow, enter + other.enter - s, exit + other.exit - s};
  }
  // The set less a part of it, s being the flow between that part and the rest.
  LinkUnit without(const LinkUnit& part, double s) const {
    return {flow - part.flow, enter - part.enter + s, exit - part.exit + s};
  }
};

// In undirected networks what enters a module is what leaves it: one logarithm less for each candidate.
template <bool kUndirected>
class LinkRates {
 public:
  using Unit = LinkUnit;

  explicit LinkRates(const Flow&) {}

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) {
    std::vector<Unit> units(flow.nodes);
    for (uint32_t u = 0; u < flow.nodes; ++u) {
      units[u].flow = flow.node_flow[u];
      if (flow.directed) {
        for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
          if (flow.targets[i] == u) continue;
          units[u].exit += flow.link_flow[i];
          units[flow.targets[i]].enter += flow.link_flow[i];
        }
      } else {
        for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) units[u].exit += graph.flow[i] / 2;
        units[u].enter = units[u].exit;
      }
    }
    return units;
  }

  double enter(const Unit& m) const { return m.enter; }
  double exit(const Unit& m) const { return m.exit; }

  struct Module {
    Unit unit;
    double term = 0;
    double enter() const { return unit.enter; }
  };
  Module module(const Unit& m) const {
    const double both = kUndirected ? 2 * plogp(m.exit) : plogp(m.enter) + plogp(m.exit);
    return {m, plogp(m.exit + m.flow) - both};
  }
};

}  // namespace infomotion::infomap
