// An objective that also depends on how many modules there are: a cost for each (the correction of entropies estimated
// from few links, evaluate.h) and one bit for each module more or less than a preferred number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/objective.h"

namespace infomotion::infomap {

struct ModuleCosts {
  double correction = 0;   // bits for each code word
  uint32_t preferred = 0;  // the preferred number of modules; 0: there is none
};

template <class Base>
class Counted {
 public:
  static_assert(is_map_equation_v<Base>, "objective.h says what an objective must have");

  struct Unit : Base::Unit {
    uint32_t visited = 0;  // how many of its nodes the walker visits; a module without any is not counted

    Unit() = default;
    Unit(const typename Base::Unit& unit, uint32_t nodes) : Base::Unit(unit), visited(nodes) {}
    Unit joined(const Unit& other, double s) const { return {Base::Unit::joined(other, s), visited + other.visited}; }
  };

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) {
    std::vector<Unit> units;
    units.reserve(flow.nodes);
    for (const typename Base::Unit& unit : Base::units(flow, graph)) units.emplace_back(unit, unit.flow > 0 ? 1 : 0);
    return units;
  }

  Counted(const Flow& flow, const ModuleCosts& costs) : base_(flow), costs_(costs) {}

  Counted within(const std::vector<Unit>& units, std::optional<double> outer_exit = {}) const {
    Counted objective(*this);
    objective.base_ = base_.within({units.begin(), units.end()}, outer_exit);
    objective.words_ = 0;
    for (const Unit& unit : units) objective.words_ += unit.visited > 0;
    objective.inside_ = outer_exit.has_value();
    return objective;
  }

  Counted part(double share) const {
    Counted objective(*this);
    objective.base_ = base_.part(share);
    objective.costs_.preferred = 0;
    objective.inside_ = true;
    return objective;
  }

  double enter(const Unit& m) const { return base_.enter(m); }
  double exit(const Unit& m) const { return base_.exit(m); }

  void start(const std::vector<Unit>& modules, std::size_t count = 0) {
    base_.start({modules.begin(), modules.end()}, count);
    visited_.clear();
    count_ = 0;
    for (const Unit& module : modules) {
      visited_.push_back(module.visited);
      count_ += module.visited > 0;
    }
    visited_.resize(std::max(modules.size(), count));
  }

  Unit unit(uint32_t module) const { return {base_.unit(module), visited_[module]}; }

  struct Departure {
    typename Base::Departure base;
    uint32_t count;
  };
  Departure leave(const Unit& unit, uint32_t from, double s) const {
    return {base_.leave(unit, from, s), count_ - (unit.visited > 0 && visited_[from] == unit.visited)};
  }

  double delta(const Unit& unit, const Departure& departure, uint32_t to, double s) const {
    const uint32_t count = departure.count + (unit.visited > 0 && visited_[to] == 0);
    return base_.delta(unit, departure.base, to, s) + cost(count) - cost(count_);
  }

  void move(const Unit& unit, uint32_t from, double s_from, uint32_t to, double s_to) {
    base_.move(unit, from, s_from, to, s_to);
    count_ -= visited_[from] > 0;
    count_ += (visited_[from] -= unit.visited) > 0;
    count_ -= visited_[to] > 0;
    count_ += (visited_[to] += unit.visited) > 0;
  }

  double total() const { return base_.total() + cost(count_); }
  double undivided() const {
    return base_.undivided() + costs_.correction * (words_ - (inside_ || words_ == 0 ? 0 : 1));
  }
  double preference(uint32_t count) const {
    if (costs_.preferred == 0) return 0;
    return costs_.preferred > count ? costs_.preferred - count : count - costs_.preferred;
  }

 private:
  // The bits for `count` modules. The words are those of the units, and one for each module in the index codebook,
  // which a network in a single module does not need. The first word of a codebook costs nothing (evaluate.h: words -
  // 1); a module's exit word makes up for that, hence the - 1 for a whole network only.
  double cost(uint32_t count) const {
    const double words = words_ + (count > 1 || inside_ ? count : 0.0) - (inside_ || words_ == 0 ? 0 : 1);
    return costs_.correction * words + (inside_ ? 0 : preference(count));
  }

  Base base_;
  ModuleCosts costs_;
  bool inside_ = false;  // the units are the inside of a module
  uint32_t words_ = 0;   // how many of the units the walker visits
  std::vector<uint32_t> visited_;
  uint32_t count_ = 0;
};

}  // namespace infomotion::infomap
