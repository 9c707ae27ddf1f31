#include "infomap/optimizer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "infomap/counted.h"
#include "infomap/map_equation.h"
#include "infomap/recorded_map_equation.h"

namespace infomotion {
namespace {

constexpr double kSmallestGain = 1e-12;  // a move must gain this much, in bits
constexpr double kRelativeGain = 1e-5;   // a cycle must gain this much of the total, else the search ends
constexpr uint32_t kShrink = 64;         // a coarser level must have 1/64 fewer units, else coarsening ends

template <class Objective>
class Search {
 public:
  using Unit = typename Objective::Unit;

  Search(const FlowGraph& graph, const std::vector<Unit>& units, Objective objective, Random random,
         const Cancel& cancel)
      : graph_(graph), units_(units), objective_(std::move(objective)), random_(random), cancel_(cancel) {}

  Partition run(std::vector<uint32_t> modules) {
    double best = 0;
    for (int cycle = 0; !cancel_.requested(); ++cycle) {
      refine(modules, cycle % 2 == 0 ? Sweep::kOnce : Sweep::kUntilSettled);
      const double total = objective_.total();
      if (cycle > 0 && best - total < std::max(kSmallestGain, kRelativeGain * best)) {
        best = total;
        break;
      }
      best = total;
    }
    std::vector<uint32_t> joined = all_in_one();
    objective_.start(module_units(graph_, units_, joined, graph_.nodes));
    if (objective_.total() < best - kSmallestGain) {
      best = objective_.total();
      modules = std::move(joined);
    }
    const uint32_t count = close_gaps(modules);
    return {std::move(modules), count, best};
  }

 private:
  struct Level {
    FlowGraph graph;
    std::vector<Unit> units;
    std::vector<uint32_t> parents;  // of each unit of the level below: its unit here
  };

  // All nodes with neighbours in one module: moves alone may never lead there, even where that is best.
  std::vector<uint32_t> all_in_one() const {
    std::vector<uint32_t> modules(graph_.nodes);
    uint32_t first = 0;
    while (first < graph_.nodes && graph_.offsets[first + 1] == 0) ++first;
    for (uint32_t u = 0; u < graph_.nodes; ++u) modules[u] = graph_.offsets[u] < graph_.offsets[u + 1] ? first : u;
    return modules;
  }

  enum class Sweep { kOnce, kUntilSettled };

  // One cycle. `modules`: those of the nodes so far, or empty. Cycles take turns in how far each level merges: `kOnce`
  // makes many levels of small sub-modules, `kUntilSettled` few of large ones; each finds what the other misses.
  void refine(std::vector<uint32_t>& modules, Sweep coarsening) {
    std::vector<Level> levels;
    close_gaps(modules);
    std::vector<uint32_t> within = modules;
    const FlowGraph* graph = &graph_;
    const std::vector<Unit>* units = &units_;
    while (!cancel_.requested()) {
      std::vector<uint32_t> parents(graph->nodes);
      std::iota(parents.begin(), parents.end(), 0);
      move_units(*graph, *units, parents, within, coarsening);
      const uint32_t count = close_gaps(parents);
      if (count >= graph->nodes - graph->nodes / kShrink) break;
      Level level;
      level.graph = aggregate(*graph, parents, count);
      level.units = module_units(*graph, *units, parents, count);
      if (!within.empty()) {
        std::vector<uint32_t> above(count);
        for (uint32_t u = 0; u < graph->nodes; ++u) above[parents[u]] = within[u];
        within = std::move(above);
      }
      level.parents = std::move(parents);
      levels.push_back(std::move(level));
      graph = &levels.back().graph;
      units = &levels.back().units;
    }
    modules = std::move(within);
    if (modules.empty()) {
      modules.resize(graph->nodes);
      std::iota(modules.begin(), modules.end(), 0);
    }
    for (std::size_t k = levels.size() + 1; k-- > 0;) {
      const bool leaves = k == 0;
      move_units(leaves ? graph_ : levels[k - 1].graph, leaves ? units_ : levels[k - 1].units, modules, {},
                 Sweep::kUntilSettled);
      if (!leaves) modules = project(modules, levels[k - 1].parents);
    }
  }

  // The modules of the level below, from those of its units' parents.
  static std::vector<uint32_t> project(const std::vector<uint32_t>& modules, const std::vector<uint32_t>& parents) {
    std::vector<uint32_t> below(parents.size());
    for (std::size_t u = 0; u < parents.size(); ++u) below[u] = modules[parents[u]];
    return below;
  }

  // The modules of a partition as units.
  static std::vector<Unit> module_units(const FlowGraph& graph, const std::vector<Unit>& units,
                                        const std::vector<uint32_t>& modules, uint32_t count) {
    std::vector<Unit> result(count);
    std::vector<double> inside(count);
    for (uint32_t u = 0; u < graph.nodes; ++u) {
      const uint32_t m = modules[u];
      result[m] = result[m].joined(units[u], 0);
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
        if (modules[graph.neighbours[i]] == m) inside[m] += graph.flow[i];
    }
    // Each link inside was met from both ends.
    for (uint32_t m = 0; m < count; ++m) result[m] = result[m].joined(Unit{}, inside[m] / 2);
    return result;
  }

  // Moves each unit to the neighbouring module (or an empty one) it gains most by; those whose neighbourhood has
  // changed then have another turn, until none gains, unless the sweep is `kOnce`. With `within`, units move only
  // among those of the same outer module.
  void move_units(const FlowGraph& graph, const std::vector<Unit>& units, std::vector<uint32_t>& modules,
                  const std::vector<uint32_t>& within, Sweep sweep) {
    const uint32_t n = graph.nodes;
    objective_.start(module_units(graph, units, modules, n));
    std::vector<uint32_t> size(n), empty;
    for (uint32_t m : modules) ++size[m];
    for (uint32_t m = n; m-- > 0;)
      if (size[m] == 0) empty.push_back(m);

    std::vector<uint32_t> queue(n);
    std::iota(queue.begin(), queue.end(), 0);
    random_.shuffle(queue.data(), n);
    std::vector<uint8_t> queued(n, 1);
    uint32_t waiting = n, head = 0;

    std::vector<double> flow_to(n, -1);  // by module: the unit's flow to it; -1: not a neighbour
    std::vector<uint32_t> near;          // the modules with flow_to >= 0
    for (uint64_t visits = 0; waiting > 0; ++visits) {
      if ((visits & 1023) == 0 && cancel_.requested()) return;
      const uint32_t u = queue[head];
      head = head + 1 == n ? 0 : head + 1;
      --waiting;
      queued[u] = 0;
      const uint32_t from = modules[u];
      near.clear();
      flow_to[from] = 0;
      near.push_back(from);
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) {
        const uint32_t v = graph.neighbours[i];
        if (!within.empty() && within[v] != within[u]) continue;
        const uint32_t m = modules[v];
        if (flow_to[m] < 0) {
          flow_to[m] = graph.flow[i];
          near.push_back(m);
        } else {
          flow_to[m] += graph.flow[i];
        }
      }
      const double flow_from = flow_to[from];
      uint32_t best = from;
      double best_delta = -kSmallestGain, best_flow = 0;
      const auto departure = objective_.leave(units[u], from, flow_from);
      for (std::size_t k = 1; k < near.size(); ++k) {
        const double delta = objective_.delta(units[u], departure, near[k], flow_to[near[k]]);
        if (delta < best_delta) best = near[k], best_delta = delta, best_flow = flow_to[near[k]];
      }
      if (size[from] > 1) {
        const double delta = objective_.delta(units[u], departure, empty.back(), 0);
        if (delta < best_delta) best = empty.back(), best_delta = delta, best_flow = 0;
      }
      for (uint32_t m : near) flow_to[m] = -1;
      if (best == from) continue;

      objective_.move(units[u], from, flow_from, best, best_flow);
      modules[u] = best;
      if (size[best]++ == 0) empty.pop_back();
      if (--size[from] == 0) empty.push_back(from);
      if (sweep == Sweep::kOnce) continue;
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) {
        const uint32_t v = graph.neighbours[i];
        if (queued[v] || modules[v] == best || (!within.empty() && within[v] != within[u])) continue;
        queued[v] = 1;
        const uint32_t tail = n - head > waiting ? head + waiting : waiting - (n - head);
        queue[tail] = v;
        ++waiting;
      }
    }
  }

  // Renumbers modules 0, 1, ... in the order of their first units; returns how many there are.
  static uint32_t close_gaps(std::vector<uint32_t>& modules) {
    if (modules.empty()) return 0;
    std::vector<uint32_t> number(modules.size(), UINT32_MAX);
    uint32_t count = 0;
    for (uint32_t& m : modules) {
      if (number[m] == UINT32_MAX) number[m] = count++;
      m = number[m];
    }
    return count;
  }

  const FlowGraph& graph_;
  const std::vector<Unit>& units_;
  Objective objective_;
  Random random_;
  const Cancel& cancel_;
};

}  // namespace

template <class Objective>
Partition optimize(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units, Objective objective,
                   std::vector<uint32_t> initial, Random random, const Cancel& cancel) {
  return Search<Objective>(graph, units, std::move(objective), random, cancel).run(std::move(initial));
}

#define INSTANTIATE(...)                                                                                      \
  template Partition optimize(const FlowGraph&, const std::vector<__VA_ARGS__::Unit>&, __VA_ARGS__,           \
                              std::vector<uint32_t>, Random, const Cancel&);
INSTANTIATE(MapEquation<true>)
INSTANTIATE(MapEquation<false>)
INSTANTIATE(RecordedMapEquation)
INSTANTIATE(Counted<MapEquation<true>>)
INSTANTIATE(Counted<MapEquation<false>>)
INSTANTIATE(Counted<RecordedMapEquation>)
#undef INSTANTIATE

}  // namespace infomotion
