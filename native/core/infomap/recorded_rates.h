// The rates at which modules are entered and left where teleportation is recorded: besides the links, the walker leaves
// node u by teleportation at a rate t_u and lands on node v in a share l_v of all such steps. With t_m and l_m summed
// over a module and t = sum t_m, a module is also left at t_m (1 - l_m) and entered at (t - t_m) l_m. The same serves
// the Bayesian prior of flow.h, which is teleportation too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/link_rates.h"
#include "infomap/plogp.h"

namespace infomotion::infomap {

class RecordedRates {
 public:
  struct Unit : LinkUnit {
    double teleported = 0, landing = 0;  // t_m, l_m

    Unit joined(const Unit& other, double s) const {
      return {LinkUnit::joined(other, s), teleported + other.teleported, landing + other.landing};
    }
    Unit without(const Unit& part, double s) const {
      return {LinkUnit::without(part, s), teleported - part.teleported, landing - part.landing};
    }
  };

  explicit RecordedRates(const Flow& flow) {
    for (double teleported : flow.teleported) teleported_ += teleported;
  }

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) {
    std::vector<Unit> units(flow.nodes);
    const std::vector<LinkUnit> links = LinkRates<false>::units(flow, graph);
    for (uint32_t u = 0; u < flow.nodes; ++u) units[u] = {links[u], flow.teleported[u], flow.landing[u]};
    return units;
  }

  // Rounding may leave a module that holds everything a trace above 1, or above t: it is never left, and never entered.
  double enter(const Unit& m) const { return m.enter + std::max(0.0, teleported_ - m.teleported) * m.landing; }
  double exit(const Unit& m) const { return m.exit + m.teleported * std::max(0.0, 1 - m.landing); }

  struct Module {
    Unit unit;
    double q = 0, term = 0;
    double enter() const { return q; }
  };
  Module module(const Unit& m) const {
    const double q = enter(m), x = exit(m);
    return {m, q, plogp(x + m.flow) - plogp(q) - plogp(x)};
  }

 private:
  double teleported_ = 0;  // t
};

}  // namespace infomotion::infomap
