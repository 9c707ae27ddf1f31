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
    uint32_t nodes = 0, visited = 0;  // how many it has, and how many of these the walker visits

    Unit() = default;
    Unit(const typename Base::Unit& unit, uint32_t nodes, uint32_t visited)
        : Base::Unit(unit), nodes(nodes), visited(visited) {}
    Unit joined(const Unit& other, double s) const {
      return {Base::Unit::joined(other, s), nodes + other.nodes, visited + other.visited};
    }
  };

  static std::vector<Unit> units(const Flow& flow, const FlowGraph& graph) {
    std::vector<Unit> units;
    units.reserve(flow.nodes);
    for (const typename Base::Unit& unit : Base::units(flow, graph)) units.emplace_back(unit, 1, unit.flow > 0 ? 1 : 0);
    return units;
  }

  Counted(const Flow& flow, const ModuleCosts& costs) : base_(flow), costs_(costs) {}

  Counted within(const std::vector<Unit>& units, std::optional<double> outer_exit = {}) const {
    Counted objective(*this);
    objective.base_ = base_.within({units.begin(), units.end()}, outer_exit);
    objective.words_ = static_cast<uint32_t>(units.size());
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
    sizes_.clear();
    count_ = {};
    for (const Unit& module : modules) {
      sizes_.push_back({module.nodes, module.visited});
      count_.add(sizes_.back());
    }
    sizes_.resize(std::max(modules.size(), count));
  }

  Unit unit(uint32_t module) const { return {base_.unit(module), sizes_[module].all, sizes_[module].visited}; }

  // A number of nodes, or of modules: all there are, and those that the walker visits.
  struct Count {
    uint32_t all = 0, visited = 0;
    void add(const Count& nodes) { all += nodes.all > 0, visited += nodes.visited > 0; }  // a module with these nodes
    void remove(const Count& nodes) { all -= nodes.all > 0, visited -= nodes.visited > 0; }
  };

  struct Departure {
    typename Base::Departure base;
    Count count;
  };
  Departure leave(const Unit& unit, uint32_t from, double s) const {
    Departure departure{base_.leave(unit, from, s), count_};
    departure.count.remove(sizes_[from]);
    departure.count.add({sizes_[from].all - unit.nodes, sizes_[from].visited - unit.visited});
    return departure;
  }

  double delta(const Unit& unit, const Departure& departure, uint32_t to, double s) const {
    Count count = departure.count;
    count.remove(sizes_[to]);
    count.add({sizes_[to].all + unit.nodes, sizes_[to].visited + unit.visited});
    return base_.delta(unit, departure.base, to, s) + cost(count) - cost(count_);
  }

  void move(const Unit& unit, uint32_t from, double s_from, uint32_t to, double s_to) {
    base_.move(unit, from, s_from, to, s_to);
    for (const uint32_t m : {from, to}) count_.remove(sizes_[m]);
    sizes_[from].all -= unit.nodes, sizes_[from].visited -= unit.visited;
    sizes_[to].all += unit.nodes, sizes_[to].visited += unit.visited;
    for (const uint32_t m : {from, to}) count_.add(sizes_[m]);
  }

  double total() const { return base_.total() + cost(count_); }
  double undivided() const {
    return base_.undivided() + costs_.correction * (words_ - (inside_ || words_ == 0 ? 0 : 1));
  }
  double word() const { return costs_.correction; }
  double preference(uint32_t count) const {
    if (costs_.preferred == 0) return 0;
    return costs_.preferred > count ? costs_.preferred - count : count - costs_.preferred;
  }
  uint32_t preferred() const { return inside_ ? 0 : costs_.preferred; }
  Counted of_any_number() const {
    Counted objective(*this);
    objective.costs_.preferred = 0;
    return objective;
  }

 private:
  // The bits for `count` modules. The words are those of the units, and one for each module in the index codebook,
  // which a network in a single module does not need. The first word of a codebook costs nothing (evaluate.h: words -
  // 1); a module's exit word makes up for that, hence the - 1 for a whole network only.
  double cost(const Count& count) const {
    const double words = words_ + (count.all > 1 || inside_ ? count.all : 0.0) - (inside_ || words_ == 0 ? 0 : 1);
    return costs_.correction * words + (inside_ ? 0 : preference(count.visited));
  }

  Base base_;
  ModuleCosts costs_;
  bool inside_ = false;       // the units are the inside of a module
  uint32_t words_ = 0;        // one a unit
  std::vector<Count> sizes_;  // of each module, in nodes
  Count count_;               // of modules
};

}  // namespace infomotion::infomap
