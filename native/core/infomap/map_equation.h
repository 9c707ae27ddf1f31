// The two-level map equation as an objective of the search (objective.h): M. Rosvall, D. Axelsson, C. T. Bergstrom,
// "The map equation", Eur. Phys. J. Special Topics 178, 13 (2009). With the rates q_m and x_m at which module m is
// entered and left, the flow p_m inside it and q = sum q_m, the codelength in bits per step is, expanded with plogp(y)
// = y log2 y,
//
//   L = plogp(q) - sum plogp(q_m) - sum plogp(x_m) + sum plogp(x_m + p_m) - sum plogp(p_i).
//       \______ index codebook ____/   \____________ module codebooks ___________________/
//
// A module's own term is plogp(x_m + p_m) - plogp(q_m) - plogp(x_m); the rest is the index codebook's
// (index_codebook.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/index_codebook.h"

namespace infomotion::infomap {

// `Rates` says what q_m and x_m are: a Unit (flow, joined, without), units(flow, graph), enter(unit) and exit(unit), and
// module(unit), a Module that keeps the unit, its term and, if it is costly, its q_m. Along links, or by recorded
// teleportation as well: link_rates.h, recorded_rates.h.
template <class Rates>
class MapEquation {
 public:
  using Unit = typename Rates::Unit;

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) { return Rates::units(flow, graph); }

  explicit MapEquation(const Flow& flow) : rates_(flow) {}

  MapEquation within(const std::vector<Unit>& units, std::optional<double> outer_exit = {}) const {
    MapEquation objective(*this);
    objective.index_ = IndexCodebook::of(units, outer_exit);
    return objective;
  }

  MapEquation part(double share) const {
    MapEquation objective(*this);
    objective.index_ = index_.part(share);
    return objective;
  }

  double enter(const Unit& m) const { return rates_.enter(m); }
  double exit(const Unit& m) const { return rates_.exit(m); }

  // Takes the sums afresh, so that rounding errors of moves do not add up.
  void start(const std::vector<Unit>& modules, std::size_t count = 0) {
    modules_.assign(std::max(modules.size(), count), {});
    index_.clear();
    for (std::size_t m = 0; m < modules.size(); ++m) {
      modules_[m] = rates_.module(modules[m]);
      index_.add(modules_[m].enter());
    }
    index_.settle();
  }

  const Unit& unit(uint32_t module) const { return modules_[module].unit; }

  // What a departure changes: the term of the module that is left, and the index codebook's rate q.
  struct Departure {
    double term, enter;
  };
  Departure leave(const Unit& unit, uint32_t from, double s) const {
    const Module& module = modules_[from];
    const Module rest = rates_.module(module.unit.without(unit, s));
    return {rest.term - module.term, index_.enter() + rest.enter() - module.enter()};
  }

  double delta(const Unit& unit, const Departure& departure, uint32_t to, double s) const {
    const Module& module = modules_[to];
    const Module grown = rates_.module(module.unit.joined(unit, s));
    return departure.term + grown.term - module.term + index_.change(departure.enter + grown.enter() - module.enter());
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
  double word() const { return 0; }  // Counted (counted.h) has costs of these kinds
  double preference(uint32_t) const { return 0; }
  uint32_t preferred() const { return 0; }
  MapEquation of_any_number() const { return *this; }

 private:
  using Module = typename Rates::Module;

  void replace(uint32_t m, const Unit& unit) {
    const double before = modules_[m].enter();
    modules_[m] = rates_.module(unit);
    index_.add(modules_[m].enter() - before);
  }

  Rates rates_;
  IndexCodebook index_;
  std::vector<Module> modules_;
};

}  // namespace infomotion::infomap
