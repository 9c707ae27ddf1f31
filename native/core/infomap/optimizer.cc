#include "infomap/optimizer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "infomap/counted.h"
#include "infomap/local_moves.h"
#include "infomap/map_equation.h"
#include "infomap/recorded_map_equation.h"
#include "runtime/thread_pool.h"

namespace infomotion {
namespace {

constexpr Sweep kMergeOnce{true, 0.25}, kMergeUntilSettled{false, 0.25}, kMoveUntilSettled{false, 0.1};
constexpr double kRelativeGain = 1.5e-4;    // a cycle must gain this much of the total, else the search ends
constexpr uint32_t kShrink = 64;           // a coarser level must have 1/64 fewer units, else coarsening ends
constexpr uint32_t kUnitsPerJob = 1 << 14;  // groups of units are searched in parallel, about so many units a job

// Renumbers modules 0, 1, ... in the order of their first units; `number[m]`: the new number of m, or UINT32_MAX.
// Returns how many there are.
uint32_t close_gaps(std::vector<uint32_t>& modules, std::vector<uint32_t>& number) {
  number.assign(modules.size(), UINT32_MAX);
  uint32_t count = 0;
  for (uint32_t& m : modules) {
    if (number[m] == UINT32_MAX) number[m] = count++;
    m = number[m];
  }
  return count;
}

template <class Objective>
class Search {
 public:
  using Unit = typename Objective::Unit;

  Search(const FlowGraph& graph, const std::vector<Unit>& units, const Objective& objective, Random random,
         const SearchOptions& options, const Cancel& cancel)
      : given_graph_(graph), given_units_(units), objective_(objective), random_(random), options_(options),
        cancel_(cancel) {}

  Partition run() {
    std::vector<uint32_t> modules = options_.initial;
    double best = 0;
    bool first = true;
    while (!cancel_.requested()) {
      if (modules.empty()) {
        build(modules);
      } else {
        rebuild(modules);
      }
      const double total = current_.total(), gain = best - total;
      best = total;
      if (!first && gain < std::max(kSmallestGain, kRelativeGain * best)) break;
      first = false;
    }
    modules = in_given_order(modules);
    std::vector<uint32_t> joined = all_in_one();
    current_.start(module_units(given_graph_, given_units_, joined));
    if (current_.total() < best - kSmallestGain) {
      best = current_.total();
      modules = std::move(joined);
    }
    std::vector<uint32_t> number;
    const uint32_t count = close_gaps(modules, number);
    return {std::move(modules), count, best};
  }

 private:
  struct Level {
    FlowGraph graph;
    std::vector<Unit> units;
    std::vector<uint32_t> parents;  // of each unit of the level below: its unit here
  };

  // The first cycle. Nodes merge into modules, those into larger ones, and so on, each having one turn only: so there
  // are many levels, small modules to begin with. Then the units of each level move between the modules.
  void build(std::vector<uint32_t>& modules) {
    groups_ = {0, graph().nodes};
    coarsen(kMergeOnce);
    modules.resize(top_graph().nodes);
    std::iota(modules.begin(), modules.end(), 0);
    descend(modules);
  }

  // The cycles after it. Each module is divided afresh, into sub-modules that are as good as they can be; sub-modules
  // and then nodes move between the modules. Nodes are renumbered so that those of a module lie side by side.
  void rebuild(std::vector<uint32_t>& modules) {
    groups_ = reorder(modules);
    coarsen(kMergeUntilSettled);
    modules.resize(top_graph().nodes);
    for (uint32_t g = 0; g + 1 < groups_.size(); ++g)
      std::fill(modules.begin() + groups_[g], modules.begin() + groups_[g + 1], g);
    descend(modules);
  }

  // Merges units level by level, never across the bounds of a group, until nothing merges. Groups are ranges of units.
  void coarsen(const Sweep& sweep) {
    levels_.clear();
    while (!cancel_.requested()) {
      const FlowGraph& graph = top_graph();
      Level level;
      std::vector<uint32_t> bounds = merge_in_groups(sweep, level);
      const uint32_t count = bounds.back();
      if (count >= graph.nodes - graph.nodes / kShrink) break;
      level.graph = aggregate(graph, level.parents, count);
      groups_ = std::move(bounds);
      levels_.push_back(std::move(level));
    }
  }

  // One sweep over each group, in parallel: fills the next level's units and parents, returns its groups.
  std::vector<uint32_t> merge_in_groups(const Sweep& sweep, Level& level) {
    const FlowGraph& graph = top_graph();
    const std::vector<Unit>& units = top_units();
    const uint32_t n = graph.nodes;
    double all_flow = 0;
    for (const Unit& unit : units) all_flow += unit.flow;
    std::vector<uint32_t> jobs{0};  // the first group of each
    for (uint32_t g = 1; g + 1 < groups_.size(); ++g)
      if (groups_[g] - groups_[jobs.back()] >= kUnitsPerJob) jobs.push_back(g);
    jobs.push_back(static_cast<uint32_t>(groups_.size()) - 1);

    const uint32_t stream = random_.next();
    std::vector<uint32_t> counts(groups_.size() - 1);
    level.parents.resize(n);
    level.units.resize(n);
    parallel_for(jobs.size() - 1, options_.threads, [&](std::size_t job) {
      LocalMoves<Objective> moves;
      std::vector<uint32_t> parents, number;
      for (uint32_t g = jobs[job]; g < jobs[job + 1]; ++g) {
        const uint32_t first = groups_[g], end = groups_[g + 1];
        const std::vector<Unit> inside(units.begin() + first, units.begin() + end);
        double flow = 0;
        for (const Unit& unit : inside) flow += unit.flow;
        Objective objective = flow > 0 && flow < all_flow ? objective_.part(flow / all_flow) : objective_;
        objective.start(inside);
        parents.resize(end - first);
        std::iota(parents.begin(), parents.end(), 0);
        Random random(stream, {g});
        moves.run({graph, first, inside}, sweep, random, cancel_, objective, parents.data());
        counts[g] = close_gaps(parents, number);
        std::copy(parents.begin(), parents.end(), level.parents.begin() + first);
        for (uint32_t m = 0; m < end - first; ++m)
          if (number[m] != UINT32_MAX) level.units[first + number[m]] = objective.unit(m);
      }
    });
    std::vector<uint32_t> bounds{0};
    for (uint32_t g = 0; g < counts.size(); ++g) {
      const uint32_t first = groups_[g], to = bounds.back();
      for (uint32_t u = first; u < groups_[g + 1]; ++u) level.parents[u] += to;
      std::copy(level.units.begin() + first, level.units.begin() + first + counts[g], level.units.begin() + to);
      bounds.push_back(to + counts[g]);
    }
    level.units.resize(bounds.back());
    return bounds;
  }

  // From the coarsest level, whose `modules` are given, down to the nodes: moves the units of each between the modules.
  void descend(std::vector<uint32_t>& modules) {
    current_.start(module_units(top_graph(), top_units(), modules), graph().nodes);
    for (;;) {
      moves_.run({top_graph(), 0, top_units()}, kMoveUntilSettled, random_, cancel_, current_, modules.data());
      if (levels_.empty()) return;
      std::vector<uint32_t> below(levels_.back().parents.size());
      for (std::size_t u = 0; u < below.size(); ++u) below[u] = modules[levels_.back().parents[u]];
      modules = std::move(below);
      levels_.pop_back();
    }
  }

  // Renumbers the nodes by module. Returns the bounds of the modules.
  std::vector<uint32_t> reorder(std::vector<uint32_t>& modules) {
    const uint32_t n = given_graph_.nodes;
    std::vector<uint32_t> bounds, order(n), number;
    const uint32_t count = close_gaps(modules, number);
    bounds.assign(static_cast<std::size_t>(count) + 1, 0);
    for (uint32_t m : modules) ++bounds[m + 1];
    for (uint32_t m = 0; m < count; ++m) bounds[m + 1] += bounds[m];
    std::vector<uint32_t> place(bounds.begin(), bounds.end() - 1);
    for (uint32_t u = 0; u < n; ++u) order[place[modules[u]]++] = order_.empty() ? u : order_[u];
    order_ = std::move(order);
    permute(given_graph_, order_, graph_);
    units_.resize(n);
    for (uint32_t k = 0; k < n; ++k) units_[k] = given_units_[order_[k]];
    for (uint32_t m = 0; m < count; ++m) std::fill(modules.begin() + bounds[m], modules.begin() + bounds[m + 1], m);
    return bounds;
  }

  std::vector<uint32_t> in_given_order(const std::vector<uint32_t>& modules) const {
    if (order_.empty()) return modules;
    std::vector<uint32_t> result(modules.size());
    for (std::size_t k = 0; k < modules.size(); ++k) result[order_[k]] = modules[k];
    return result;
  }

  // All nodes with neighbours in one module: moves alone may never lead there, even where that is best.
  std::vector<uint32_t> all_in_one() const {
    const FlowGraph& graph = given_graph_;
    std::vector<uint32_t> modules(graph.nodes);
    uint32_t first = 0;
    while (first < graph.nodes && graph.offsets[first + 1] == 0) ++first;
    for (uint32_t u = 0; u < graph.nodes; ++u) modules[u] = graph.offsets[u] < graph.offsets[u + 1] ? first : u;
    return modules;
  }

  // The modules of a partition as units, one for each number below that of units.
  static std::vector<Unit> module_units(const FlowGraph& graph, const std::vector<Unit>& units,
                                        const std::vector<uint32_t>& modules) {
    std::vector<Unit> result(graph.nodes);
    std::vector<double> inside(graph.nodes);
    for (uint32_t u = 0; u < graph.nodes; ++u) {
      const uint32_t m = modules[u];
      result[m] = result[m].joined(units[u], 0);
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
        if (modules[graph.neighbours[i]] == m) inside[m] += graph.flow[i];
    }
    // Each link inside was met from both ends.
    for (uint32_t m = 0; m < graph.nodes; ++m) result[m] = result[m].joined(Unit{}, inside[m] / 2);
    return result;
  }

  const FlowGraph& graph() const { return order_.empty() ? given_graph_ : graph_; }
  const FlowGraph& top_graph() const { return levels_.empty() ? graph() : levels_.back().graph; }
  const std::vector<Unit>& top_units() const {
    return levels_.empty() ? order_.empty() ? given_units_ : units_ : levels_.back().units;
  }

  const FlowGraph& given_graph_;
  const std::vector<Unit>& given_units_;
  const Objective objective_;  // not started
  Random random_;
  const SearchOptions& options_;
  const Cancel& cancel_;

  std::vector<uint32_t> order_;  // of the renumbered nodes: their given numbers; empty: not renumbered
  FlowGraph graph_;
  std::vector<Unit> units_;
  std::vector<uint32_t> groups_;  // bounds of the groups of units of the top level
  std::vector<Level> levels_;     // above the nodes
  Objective current_ = objective_;
  LocalMoves<Objective> moves_;
};

}  // namespace

template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                   const Objective& objective, const SearchOptions& options, Random random, const Cancel& cancel) {
  return Search<Objective>(graph, units, objective, random, options, cancel).run();
}

#define INSTANTIATE(...)                                                                                         \
  template Partition optimize(const FlowGraph&, const std::vector<__VA_ARGS__::Unit>&, const __VA_ARGS__&,       \
                              const SearchOptions&, Random, const Cancel&);
INSTANTIATE(MapEquation<true>)
INSTANTIATE(MapEquation<false>)
INSTANTIATE(RecordedMapEquation)
INSTANTIATE(Counted<MapEquation<true>>)
INSTANTIATE(Counted<MapEquation<false>>)
INSTANTIATE(Counted<RecordedMapEquation>)
#undef INSTANTIATE

}  // namespace infomotion
