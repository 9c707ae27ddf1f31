// The map equation (map_equation.h) where teleportation is recorded: besides the links, the walker leaves node u by
// teleportation at a rate t_u and lands on node v in a share l_v of all such steps. With t_m and l_m summed over a module
// and t = sum t_m, a module is also left at t_m (1 - l_m) and entered at (t - t_m) l_m. The same serves the Bayesian prior
// of flow.h, which is teleportation too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/index_codebook.h"
#include "infomap/map_equation.h"
#include "infomap/plogp.h"

namespace infomotion {

class RecordedMapEquation {
 public:
  struct Unit {
    double flow = 0, enter = 0, exit = 0;  // enter, exit: along links
    double teleported = 0, landing = 0;

    Unit joined(const Unit& other, double s) const {
      return {flow + other.flow, enter + other.enter - s, exit + other.exit - s, teleported + other.teleported,
              landing + other.landing};
    }
    Unit without(const Unit& part, double s) const {
      return {flow - part.flow, enter - part.enter + s, exit - part.exit + s, teleported - part.teleported,
              landing - part.landing};
    }
  };

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) {
    std::vector<Unit> units(flow.nodes);
    const auto links = MapEquation<false>::units(flow, graph);
    for (uint32_t u = 0; u < flow.nodes; ++u)
      units[u] = {links[u].flow, links[u].enter, links[u].exit, flow.teleported[u], flow.landing[u]};
    return units;
  }

  explicit RecordedMapEquation(const Flow& flow) {
    for (double teleported : flow.teleported) teleported_ += teleported;
  }
  RecordedMapEquation within(const std::vector<Unit>& units, std::optional<double> outer_exit = {}) const {
    RecordedMapEquation objective(*this);
    objective.index_ = IndexCodebook::of(units, outer_exit);
    return objective;
  }

  RecordedMapEquation part(double share) const {
    RecordedMapEquation objective(*this);
    objective.index_ = index_.part(share);
    return objective;
  }

  double enter(const Unit& m) const { return m.enter + std::max(0.0, teleported_ - m.teleported) * m.landing; }
  double exit(const Unit& m) const { return m.exit + m.teleported * std::max(0.0, 1 - m.landing); }

  void start(const std::vector<Unit>& modules, std::size_t count = 0) {
    modules_.assign(std::max(modules.size(), count), {});
    index_.clear();
    for (std::size_t m = 0; m < modules.size(); ++m) {
      modules_[m] = rated(modules[m]);
      index_.add(modules_[m].enter);
    }
    index_.settle();
  }

  const Unit& unit(uint32_t module) const { return modules_[module].unit; }

  struct Departure {
    double term, enter;
  };
  Departure leave(const Unit& unit, uint32_t from, double s) const {
    const Module& module = modules_[from];
    const Module rest = rated(module.unit.without(unit, s));
    return {rest.term - module.term, index_.enter() + rest.enter - module.enter};
  }

  double delta(const Unit& unit, const Departure& departure, uint32_t to, double s) const {
    const Module& module = modules_[to];
    const Module grown = rated(module.unit.joined(unit, s));
    return departure.term + grown.term - module.term + index_.change(departure.enter + grown.enter - module.enter);
  }

  void move(const Unit& unit, uint32_t from, double s_from, uint32_t to, double s_to) {
    replace(from, modules_[from].unit.without(unit, s_from));
    replace(to, modules_[to].unit.joined(unit, s_to));
    index_.settle();
  }

  double total() const {
    double sum = index_.bits();
    for (const Module& module : modules_) sum += module.term;
    return sum;
  }
  double undivided() const { return index_.undivided(); }
  double preference(uint32_t) const { return 0; }

 private:
  struct Module {
    Unit unit;
    double enter = 0, term = 0;
  };

  Module rated(const Unit& unit) const {
    const double q = enter(unit), x = exit(unit);
    return {unit, q, plogp(x + unit.flow) - plogp(q) - plogp(x)};
  }
  void replace(uint32_t m, const Unit& unit) {
    const double before = modules_[m].enter;
    modules_[m] = rated(unit);
    index_.add(modules_[m].enter - before);
  }

  double teleported_ = 0;
  IndexCodebook index_;
  std::vector<Module> modules_;
};

}  // namespace infomotion
