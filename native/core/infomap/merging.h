// Merges modules two by two, each time those whose union costs least: from a fine partition to any smaller number of modules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/objective.h"

namespace infomotion::infomap {

// The merges in their order: the first module of each pair joins the second.
struct Merges {
  uint32_t modules = 0, visited = 0;  // at the start, and those of them with flow
  std::vector<std::pair<uint32_t, uint32_t>> steps;

  // The merged module of each module when `count` with flow are left: a number below that of modules.
  std::vector<uint32_t> partition(uint32_t count) const {
    std::vector<uint32_t> into(modules);
    for (uint32_t m = 0; m < modules; ++m) into[m] = m;
    const std::size_t taken = std::min<std::size_t>(steps.size(), visited > count ? visited - count : 0);
    for (std::size_t i = taken; i-- > 0;) into[steps[i].first] = into[steps[i].second];
    return into;
  }
};

// `graph` holds the flow between the modules `units`. While more than `count` with flow are left, merges two with flow between them or, if that
// costs less, the one with the least flow and any other.
template <class Objective>
Merges merge_to(uint32_t count, const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                Objective objective) {
  struct Pair {
    double change;
    uint32_t from, to, version;
    bool operator<(const Pair& other) const {  // the least change is on top; ties by number
      if (change != other.change) return change > other.change;
      return std::make_pair(from, to) > std::make_pair(other.from, other.to);
    }
  };
  const uint32_t n = graph.nodes;
  objective.start(units, n);
  std::vector<std::unordered_map<uint32_t, double>> flow(n);
  std::vector<uint32_t> into(n), version(n);
  Merges merges;
  merges.modules = n;
  uint32_t left = 0;
  for (uint32_t m = 0; m < n; ++m) {
    into[m] = m;
    left += units[m].flow > 0;
    for (std::size_t i = graph.offsets[m]; i < graph.offsets[m + 1]; ++i) flow[m][graph.neighbours[i]] += graph.flow[i];
  }
  merges.visited = left;
  const auto change = [&](uint32_t from, uint32_t to, double s) {
    const auto unit = objective.unit(from);
    return objective.delta(unit, objective.leave(unit, from, 0), to, s);
  };
  std::priority_queue<Pair> pairs;
  const auto push = [&](uint32_t a, uint32_t b, double s) {
    const uint32_t from = std::max(a, b), to = std::min(a, b);
    pairs.push({change(from, to, s), from, to, version[from] + version[to]});
  };
  const auto merge = [&](uint32_t from, uint32_t to, double s) {
    objective.move(objective.unit(from), from, 0, to, s);
    into[from] = to;
    merges.steps.emplace_back(from, to);
    ++version[from], ++version[to];
    --left;
    flow[to].erase(from);
    for (const auto& [neighbour, between] : flow[from]) {
      if (neighbour == to) continue;
      flow[neighbour].erase(from);
      flow[neighbour][to] += between;
      flow[to][neighbour] += between;
    }
    flow[from].clear();
    std::vector<std::pair<uint32_t, double>> neighbours(flow[to].begin(), flow[to].end());
    std::sort(neighbours.begin(), neighbours.end());
    for (const auto& [neighbour, between] : neighbours) push(to, neighbour, between);
  };
  for (uint32_t m = 0; m < n; ++m)
    for (std::size_t i = graph.offsets[m]; i < graph.offsets[m + 1]; ++i)
      if (graph.neighbours[i] < m) push(m, graph.neighbours[i], flow[m][graph.neighbours[i]]);
  // The modules that are left, by rising flow: those at the front have been merged or are the least.
  constexpr uint32_t kFew = 4096;  // of more, the least are not compared with all others
  const auto least_with_any = [&]() -> Pair {
    Pair best{HUGE_VAL, 0, 0, 0};
    uint32_t least = n;
    for (uint32_t m = 0; m < n; ++m)
      if (into[m] == m && units[m].flow > 0 && (least == n || objective.unit(m).flow < objective.unit(least).flow))
        least = m;
    for (uint32_t m = 0; m < n; ++m) {
      if (into[m] != m || m == least || units[m].flow == 0 || flow[least].count(m) > 0) continue;
      const double cost = change(least, m, 0);
      if (cost < best.change) best = {cost, std::max(least, m), std::min(least, m), 0};
    }
    return best;
  };
  while (left > count) {  // NOLINT(bugprone-infinite-loop): merge() counts `left` down
    while (!pairs.empty()) {
      Pair pair = pairs.top();
      const bool stale = into[pair.from] != pair.from || into[pair.to] != pair.to ||
                         version[pair.from] + version[pair.to] != pair.version;
      // The index codebook has changed with the merges since: it may be another pair's turn.
      const double now = stale ? 0 : change(pair.from, pair.to, flow[pair.from][pair.to]);
      if (!stale && now <= pair.change) break;
      pairs.pop();
      pair.change = now;
      if (!stale) pairs.push(pair);
    }
    Pair best{HUGE_VAL, 0, 0, 0};
    if (left <= kFew || pairs.empty()) best = least_with_any();
    if (!pairs.empty() && pairs.top().change <= best.change) {
      best = pairs.top();
      pairs.pop();
      merge(best.from, best.to, flow[best.from][best.to]);
    } else {
      merge(best.from, best.to, 0);
    }
  }
  return merges;
}

}  // namespace infomotion::infomap
