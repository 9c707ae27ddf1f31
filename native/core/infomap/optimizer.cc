#include "infomap/optimizer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "infomap/local_moves.h"
#include "infomap/merging.h"
#include "infomap/objectives.h"
#include "runtime/thread_pool.h"

namespace infomotion::infomap {
namespace {

// Units that merge stay together at all coarser levels, so merging is the stricter: it considers only modules to which
// a unit has at least a quarter of the flow that it has to the strongest one.
constexpr Sweep kMergeOnce{true, 0.25}, kMergeUntilSettled{false, 0.25}, kMoveUntilSettled{false, 0.1};
// The search ends after a cycle that gains less than a share of the total: the share that 30 nodes have on average,
// within bounds. Each cycle gains a small part of what the one before it gained, so little is lost by stopping.
constexpr double kNodesGained = 30, kMinGain = 5e-4, kMaxGain = 4e-3;
constexpr uint32_t kShrink = 16;            // coarsening ends when a level has not at least 1/16 fewer units
constexpr uint32_t kUnitsPerJob = 1 << 14;  // groups of units are merged in parallel, in jobs of about this many units
// A graph larger than the caches is renumbered so that neighbours are near each other, and its first merges are made in
// ranges of about this many units, in parallel. Links between ranges are seen at the coarser levels, and when units
// move.
constexpr uint32_t kUnitsPerRange = 1 << 16;

// Renumbers the modules 0, 1, ... in the order of their first units; number[m] becomes the new number of m, or
// UINT32_MAX if no unit is in m. Returns how many modules there are.
uint32_t close_gaps(std::vector<uint32_t>& modules, std::vector<uint32_t>& number) {
  number.assign(modules.size(), UINT32_MAX);
  uint32_t count = 0;
  for (uint32_t& m : modules) {
    if (number[m] == UINT32_MAX) number[m] = count++;
    m = number[m];
  }
  return count;
}

// One search from the given units. optimizer.h describes it; build() is the first cycle, rebuild() each of the others.
template <class Objective>
class Search {
 public:
  using Unit = typename Objective::Unit;

  Search(const FlowGraph& graph, const std::vector<Unit>& units, const Objective& objective, runtime::Random random,
         const SearchOptions& options, const runtime::Cancel& cancel)
      : given_graph_(graph),
        given_units_(units),
        objective_(objective),
        random_(random),
        options_(options),
        cancel_(cancel) {}

  // A partition of the modules into smaller ones, at least `count`: the coarsest of sub-modules that there are.
  std::vector<uint32_t> divide(std::vector<uint32_t> modules, uint32_t count) {
    coarsen(kMergeUntilSettled, reorder(modules));
    while (!levels_.empty() && levels_.back().graph.nodes < count) levels_.pop_back();
    modules.resize(top_graph().nodes);
    std::iota(modules.begin(), modules.end(), 0);
    while (!levels_.empty()) step_down(modules);
    return in_given_order(modules);
  }

  Partition run() { return run(options_.initial); }

  Partition run(std::vector<uint32_t> modules) {
    const double worth = std::clamp(kNodesGained / given_graph_.nodes, kMinGain, kMaxGain);
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
      if (!first && gain < std::max(kMinMoveGain, worth * best)) break;
      first = false;
    }
    if (modules.empty()) {  // cancelled before the first cycle: nobody takes the result, but it must be a partition
      modules.resize(given_graph_.nodes);
      std::iota(modules.begin(), modules.end(), 0);
    }
    modules = in_given_order(modules);
    // One module of all that is linked may be better still, and moves of single units may never lead there.
    start_all_in_one();
    if (current_.total() < best - kMinMoveGain) {
      best = current_.total();
      join_all(modules);
    }
    std::vector<uint32_t> number;
    const uint32_t count = close_gaps(modules, number);
    return {std::move(modules), count, best};
  }

 private:
  struct CoarseLevel {
    FlowGraph graph;
    std::vector<Unit> units;
    std::vector<uint32_t> parents;  // the unit here that holds each unit of the level below
  };

  // The first cycle: nodes merge into modules, these into larger ones, and so on, as in Louvain's method (V. D.
  // Blondel, J.-L. Guillaume, R. Lambiotte, E. Lefebvre, J. Stat. Mech. P10008 (2008)). Each unit has only one turn per
  // level, so that modules grow slowly and there are many levels; then the units of each level, from the coarsest down,
  // move between the modules.
  void build(std::vector<uint32_t>& modules) {
    if (given_graph_.nodes >= 2 * kUnitsPerRange) renumber(order_by_neighbourhood(given_graph_));
    coarsen(kMergeOnce, {});
    modules.resize(top_graph().nodes);
    std::iota(modules.begin(), modules.end(), 0);
    descend(modules);
  }

  // The later cycles: each module is divided afresh into sub-modules, until no move improves those; then sub-modules of
  // all sizes, and at last nodes, move between the modules. That undoes merges which turned out to be wrong; the Leiden
  // algorithm (local_moves.h) refines modules for the same reason. Nodes are renumbered first, so that the nodes of a
  // module are consecutive: a module is a range of units.
  void rebuild(std::vector<uint32_t>& modules) {
    const std::vector<uint32_t> groups = coarsen(kMergeUntilSettled, reorder(modules));
    modules.resize(top_graph().nodes);
    for (uint32_t g = 0; g + 1 < groups.size(); ++g)
      std::fill(modules.begin() + groups[g], modules.begin() + groups[g + 1], g);
    descend(modules);
  }

  // Merges units level by level until nothing merges, and never across the bounds of a group. Groups are ranges of
  // units; the result is the groups of the last level. Without groups, units merge anywhere (large levels: within
  // ranges).
  std::vector<uint32_t> coarsen(const Sweep& sweep, std::vector<uint32_t> groups) {
    const bool anywhere = groups.empty();
    levels_.clear();
    while (!cancel_.requested()) {
      const FlowGraph& graph = top_graph();
      if (anywhere) groups = equal_ranges(graph.nodes);
      CoarseLevel level;
      std::vector<uint32_t> bounds = merge_in_groups(sweep, groups, level);
      const uint32_t count = bounds.back();
      if (count >= graph.nodes - graph.nodes / kShrink) break;
      level.graph = aggregate(graph, level.parents, count, options_.threads);
      groups = std::move(bounds);
      levels_.push_back(std::move(level));
    }
    return groups;
  }

  static std::vector<uint32_t> equal_ranges(uint32_t n) {
    const uint32_t count = std::max<uint32_t>(1, n / kUnitsPerRange);
    std::vector<uint32_t> bounds;
    for (uint32_t k = 0; k <= count; ++k) bounds.push_back(static_cast<uint32_t>(uint64_t{n} * k / count));
    return bounds;
  }

  // One sweep over each group, in parallel. Fills the units and parents of the next level, and returns its groups. A
  // group is searched by itself, with the objective for its share of the flow (Objective::part); the random numbers
  // come from a stream of the group's own. So the result does not depend on the number of threads or jobs.
  std::vector<uint32_t> merge_in_groups(const Sweep& sweep, const std::vector<uint32_t>& groups, CoarseLevel& level) {
    const FlowGraph& graph = top_graph();
    const std::vector<Unit>& units = top_units();
    const uint32_t n = graph.nodes;
    double all_flow = 0;
    for (const Unit& unit : units) all_flow += unit.flow;
    std::vector<uint32_t> jobs{0};  // the first group of each job
    for (uint32_t g = 1; g + 1 < groups.size(); ++g)
      if (groups[g] - groups[jobs.back()] >= kUnitsPerJob) jobs.push_back(g);
    jobs.push_back(static_cast<uint32_t>(groups.size()) - 1);

    const uint32_t stream = random_.next();
    std::vector<uint32_t> counts(groups.size() - 1);
    level.parents.resize(n);
    level.units.resize(n);
    runtime::parallel_for(jobs.size() - 1, options_.threads, [&](std::size_t job) {
      LocalMoves<Objective> moves;
      std::vector<uint32_t> parents, number;
      for (uint32_t g = jobs[job]; g < jobs[job + 1]; ++g) {
        const uint32_t first = groups[g], end = groups[g + 1];
        const std::vector<Unit> inside(units.begin() + first, units.begin() + end);
        double flow = 0;
        for (const Unit& unit : inside) flow += unit.flow;
        Objective objective = flow > 0 && flow < all_flow ? objective_.part(flow / all_flow) : objective_;
        objective.start(inside);
        parents.resize(end - first);
        std::iota(parents.begin(), parents.end(), 0);
        runtime::Random random(stream, {g});
        moves.run({graph, first, inside}, sweep, 1, random, cancel_, objective, parents.data());
        counts[g] = close_gaps(parents, number);
        std::copy(parents.begin(), parents.end(), level.parents.begin() + first);
        for (uint32_t m = 0; m < end - first; ++m)
          if (number[m] != UINT32_MAX) level.units[first + number[m]] = objective.unit(m);
      }
    });
    std::vector<uint32_t> bounds{0};
    for (uint32_t g = 0; g < counts.size(); ++g) {
      const uint32_t first = groups[g], to = bounds.back();
      for (uint32_t u = first; u < groups[g + 1]; ++u) level.parents[u] += to;
      std::copy(level.units.begin() + first, level.units.begin() + first + counts[g], level.units.begin() + to);
      bounds.push_back(to + counts[g]);
    }
    level.units.resize(bounds.back());
    return bounds;
  }

  // `modules` holds the modules of the coarsest level's units. From that level down to the nodes, the units of each
  // level move between the modules: the refinement of multilevel partitioning (B. Hendrickson and R. Leland, "A
  // multilevel algorithm for partitioning graphs", Supercomputing 1995).
  void descend(std::vector<uint32_t>& modules) {
    current_.start(sum_units(top_graph(), top_units(), modules, top_graph().nodes), graph().nodes);
    for (;;) {
      moves_.run({top_graph(), 0, top_units()}, kMoveUntilSettled, options_.threads, random_, cancel_, current_,
                 modules.data());
      if (levels_.empty()) return;
      step_down(modules);
    }
  }

  // From the modules of the coarsest level's units to those of the level below.
  void step_down(std::vector<uint32_t>& modules) {
    std::vector<uint32_t> below(levels_.back().parents.size());
    for (std::size_t u = 0; u < below.size(); ++u) below[u] = modules[levels_.back().parents[u]];
    modules = std::move(below);
    levels_.pop_back();
  }

  // Renumbers the nodes by module: module m is then the nodes from bounds[m] up to bounds[m + 1]. Returns the bounds.
  std::vector<uint32_t> reorder(std::vector<uint32_t>& modules) {
    const uint32_t n = given_graph_.nodes;
    std::vector<uint32_t> bounds, order(n), number;
    const uint32_t count = close_gaps(modules, number);
    bounds.assign(static_cast<std::size_t>(count) + 1, 0);
    for (uint32_t m : modules) ++bounds[m + 1];
    for (uint32_t m = 0; m < count; ++m) bounds[m + 1] += bounds[m];
    std::vector<uint32_t> place(bounds.begin(), bounds.end() - 1);
    for (uint32_t u = 0; u < n; ++u) order[place[modules[u]]++] = order_.empty() ? u : order_[u];
    renumber(std::move(order));
    for (uint32_t m = 0; m < count; ++m) std::fill(modules.begin() + bounds[m], modules.begin() + bounds[m + 1], m);
    return bounds;
  }

  // Makes node order[k] of the given graph node k.
  void renumber(std::vector<uint32_t> order) {
    order_ = std::move(order);
    permute(given_graph_, order_, options_.threads, graph_);
    units_.resize(order_.size());
    for (std::size_t k = 0; k < order_.size(); ++k) units_[k] = given_units_[order_[k]];
  }

  std::vector<uint32_t> in_given_order(const std::vector<uint32_t>& modules) const {
    if (order_.empty()) return modules;
    std::vector<uint32_t> result(modules.size());
    for (std::size_t k = 0; k < modules.size(); ++k) result[order_[k]] = modules[k];
    return result;
  }

  // Puts all nodes that have links into one module; the others keep modules of their own.
  void join_all(std::vector<uint32_t>& modules) const {
    uint32_t first = 0;
    while (first < modules.size() && alone(first)) ++first;
    for (uint32_t u = 0; u < modules.size(); ++u) modules[u] = alone(u) ? u : first;
  }
  // Starts `current_` with those modules.
  void start_all_in_one() {
    Unit all;
    std::vector<Unit> modules;
    for (uint32_t u = 0; u < given_graph_.nodes; ++u) {
      if (alone(u)) modules.push_back(given_units_[u]);
      else all = all.joined(given_units_[u], 0);
    }
    double inside = 0;  // twice the flow, since each link is met from both ends
    for (double flow : given_graph_.flow) inside += flow;
    modules.push_back(all.joined(Unit{}, inside / 2));
    current_.start(modules);
  }
  bool alone(uint32_t u) const { return given_graph_.offsets[u] == given_graph_.offsets[u + 1]; }

  const FlowGraph& graph() const { return order_.empty() ? given_graph_ : graph_; }
  const FlowGraph& top_graph() const { return levels_.empty() ? graph() : levels_.back().graph; }
  const std::vector<Unit>& top_units() const {
    return levels_.empty() ? order_.empty() ? given_units_ : units_ : levels_.back().units;
  }

  const FlowGraph& given_graph_;
  const std::vector<Unit>& given_units_;
  const Objective objective_;  // not started
  runtime::Random random_;
  const SearchOptions& options_;
  const runtime::Cancel& cancel_;

  std::vector<uint32_t> order_;  // the given numbers of the renumbered nodes; empty if they were not renumbered
  FlowGraph graph_;
  std::vector<Unit> units_;
  std::vector<CoarseLevel> levels_;  // above the nodes
  Objective current_ = objective_;
  LocalMoves<Objective> moves_;
};

// Units that move one by one hardly change the number of modules. So, besides: parts of the modules found are merged, those first that cost
// least, and where a number of modules that is worth a try is left, the search goes on from there.
template <class Objective>
class OtherNumbers {
  static constexpr std::size_t kMostTries = 4, kEndsTried = 12000;
  static constexpr uint32_t kParts = 100;  // that modules are divided into at least; nodes, if they are fewer

 public:
  using Unit = typename Objective::Unit;
  using OneSearch = Search<Objective>;

  OtherNumbers(const FlowGraph& graph, const std::vector<Unit>& units, const Objective& objective,
               const SearchOptions& options, runtime::Random random, const runtime::Cancel& cancel)
      : graph_(graph), units_(units), objective_(objective), options_(options), random_(random), cancel_(cancel) {}

  Partition run() {
    Partition best = search(objective_).run();
    const uint32_t preferred = objective_.preferred();
    if (preferred > 0) {
      const Partition found = search(objective_.of_any_number()).run();
      try_numbers(found, preferred, {preferred}, best);
      if (found.count < 3 * preferred) try_numbers(found, 3 * preferred, {preferred}, best);
      if (options_.thorough) try_numbers(found, std::max(kParts, 5 * preferred), {preferred}, best);
    } else if (options_.thorough) {
      // Twice as many as were found; as many; one more, one less, two more ...: as many tries as a small network is worth.
      const Partition found = best;
      std::vector<uint32_t> numbers{std::min(2 * found.count, graph_.nodes)};
      const std::size_t tries = std::min(kMostTries, kEndsTried / std::max<std::size_t>(1, graph_.neighbours.size()));
      for (uint32_t away = 0; numbers.size() < tries && away < graph_.nodes; ++away) {
        if (found.count + away <= graph_.nodes) numbers.push_back(found.count + away);
        if (away > 0 && found.count >= 2 + away) numbers.push_back(found.count - away);
      }
      numbers.resize(std::min(numbers.size(), tries));
      try_numbers(found, std::max(kParts, 3 * found.count), std::move(numbers), best);
    }
    return best;
  }

 private:
  OneSearch search(const Objective& objective) {
    return OneSearch(graph_, units_, objective, runtime::Random(random_.next()), options_, cancel_);
  }

  // Divides the modules found into at least `parts`, and tries these numbers of modules.
  void try_numbers(const Partition& found, uint32_t parts, std::vector<uint32_t> numbers, Partition& best) {
    if (numbers.empty() || cancel_.requested()) return;
    const Objective any = objective_.of_any_number();
    std::vector<uint32_t> fine = found.modules, number;
    parts = std::min(parts, graph_.nodes);
    if (found.count < parts) fine = search(any).divide(std::move(fine), parts);
    const uint32_t count = close_gaps(fine, number);
    const Merges merges =
        merge_to(*std::min_element(numbers.begin(), numbers.end()), aggregate(graph_, fine, count, options_.threads),
                 sum_units(graph_, units_, fine, count), any);
    for (const uint32_t wanted : numbers) {
      if (cancel_.requested()) return;
      const std::vector<uint32_t> into = merges.partition(wanted);
      std::vector<uint32_t> modules(graph_.nodes);
      for (uint32_t u = 0; u < graph_.nodes; ++u) modules[u] = into[fine[u]];
      Partition merged = search(objective_).run(std::move(modules));
      if (merged.total < best.total - kMinMoveGain) best = std::move(merged);
    }
  }

  const FlowGraph& graph_;
  const std::vector<Unit>& units_;
  const Objective& objective_;
  const SearchOptions& options_;
  runtime::Random random_;
  const runtime::Cancel& cancel_;
};

}  // namespace

template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                   const Objective& objective, const SearchOptions& options, runtime::Random random,
                   const runtime::Cancel& cancel) {
  if (objective.preferred() == 0 && !options.thorough)
    return Search<Objective>(graph, units, objective, random, options, cancel).run();
  return OtherNumbers<Objective>(graph, units, objective, options, random, cancel).run();
}

#define INSTANTIATE(Objective)                                                                         \
  template Partition optimize(const FlowGraph&, const std::vector<Objective::Unit>&, const Objective&, \
                              const SearchOptions&, runtime::Random, const runtime::Cancel&);
INFOMOTION_FOR_OBJECTIVES(INSTANTIATE)
#undef INSTANTIATE

}  // namespace infomotion::infomap
