// The two-level map equation as an objective for the optimizer: M. Rosvall, D. Axelsson, C. T. Bergstrom, "The map
// equation", Eur. Phys. J. Special Topics 178, 13 (2009). With the flows q_m entering and x_m leaving module m, the
// flow p_m inside it and q = sum q_m, the codelength in bits per step is, expanded with plogp(y) = y log2 y,
//
//   L = plogp(q) - sum plogp(q_m) - sum plogp(x_m) + sum plogp(x_m + p_m) - sum plogp(p_i).
//       \______ index codebook ____/   \____________ module codebooks ___________________/
//
// The contract of an objective (optimizer.h knows no more): a Unit with `flow` and `joined`, `start`, `leave` + `delta`
// (the change by a move), `move`, `unit`, `total`, `part`. All of them: objectives.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/index_codebook.h"
#include "infomap/plogp.h"

namespace infomotion {

// In undirected networks what enters a module is what leaves it: one logarithm less for each candidate.
template <bool kUndirected>
class MapEquation {
 public:
  // What the objective must know of a set of nodes: a node, a sub-module, a module.
  struct Unit {
    double flow = 0, enter = 0, exit = 0;

    // This set and another one, `s` being the flow between them in both directions.
    Unit joined(const Unit& other, double s) const {
      return {flow + other.flow, enter + other.enter - s, exit + other.exit - s};
    }
    Unit without(const Unit& part, double s) const {
      return {flow - part.flow, enter - part.enter + s, exit - part.exit + s};
    }
  };

  // The nodes of a network, each by itself.
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

  explicit MapEquation(const Flow&) {}

  // The objective for a partition of these units: of a whole network, or of the inside of a module that is left at rate
  // `outer_exit`.
  MapEquation within(const std::vector<Unit>& units, std::optional<double> outer_exit = {}) const {
    MapEquation objective(*this);
    objective.index_ = IndexCodebook::of(units, outer_exit);
    return objective;
  }

  // The rates at which a module is entered and left.
  double enter(const Unit& m) const { return m.enter; }
  double exit(const Unit& m) const { return m.exit; }

  // The objective for a part of the network that holds `share` of its flow (index_codebook.h).
  MapEquation part(double share) const {
    MapEquation objective(*this);
    objective.index_ = index_.part(share);
    return objective;
  }

  // Sets the modules: at the start `modules`, then empty ones up to `count` (0: none). Sums are taken afresh, so that
  // rounding errors of moves do not add up.
  void start(const std::vector<Unit>& modules, std::size_t count = 0) {
    modules_.assign(std::max(modules.size(), count), {});
    index_.clear();
    for (std::size_t m = 0; m < modules.size(); ++m) {
      modules_[m] = {modules[m], term(modules[m])};
      index_.add(modules[m].enter);
    }
    index_.settle();
  }

  const Unit& unit(uint32_t module) const { return modules_[module].unit; }

  // A unit taken out of its module, to which `s` of its flow goes or comes: the part of `delta` that is the same for
  // every module it may join.
  struct Departure {
    double term, enter;
  };
  Departure leave(const Unit& unit, uint32_t from, double s) const {
    const Module& module = modules_[from];
    const Unit rest = module.unit.without(unit, s);
    return {term(rest) - module.term, index_.enter() + rest.enter - module.unit.enter};
  }

  // The change of the total if the unit that left so joins module `to`, to which it has flow `s`.
  double delta(const Unit& unit, const Departure& departure, uint32_t to, double s) const {
    const Module& module = modules_[to];
    const Unit grown = module.unit.joined(unit, s);
    return departure.term + term(grown) - module.term +
           index_.change(departure.enter + grown.enter - module.unit.enter);
  }

  // Carries the move out.
  void move(const Unit& unit, uint32_t from, double s_from, uint32_t to, double s_to) {
    replace(from, modules_[from].unit.without(unit, s_from));
    replace(to, modules_[to].unit.joined(unit, s_to));
    index_.settle();
  }

  // The codelength in bits, and what it would be with no modules: one codebook for all units.
  double total() const {
    double sum = index_.bits();
    for (const Module& module : modules_) sum += module.term;
    return sum;
  }
  double undivided() const { return index_.undivided(); }
  // Bits besides the codelength for having this many modules at the top (counted.h).
  double preference(uint32_t) const { return 0; }

 private:
  struct Module {
    Unit unit;
    double term = 0;
  };

  static double term(const Unit& m) {
    const double both = kUndirected ? 2 * plogp(m.exit) : plogp(m.enter) + plogp(m.exit);
    return plogp(m.exit + m.flow) - both;
  }
  void replace(uint32_t m, const Unit& unit) {
    index_.add(unit.enter - modules_[m].unit.enter);
    modules_[m] = {unit, term(unit)};
  }

  IndexCodebook index_;
  std::vector<Module> modules_;
};

}  // namespace infomotion
