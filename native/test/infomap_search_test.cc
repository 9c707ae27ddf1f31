// The search itself: what its parts promise of their results, and what it has found in networks made from seeds.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/local_moves.h"
#include "infomap/multilevel.h"
#include "infomap/objectives.h"
#include "infomap/optimizer.h"
#include "infomap_networks.h"

using namespace networks;

namespace {

using Objective = UndirectedMapEquation;

// Modules inside modules: `groups` groups of `groups` cliques of 5, with some links between the cliques of a group and
// fewer between groups.
List cliques_in_groups(Random& random, uint32_t groups) {
  List list;
  const uint32_t cliques = groups * groups;
  list.nodes = 5 * cliques;
  for (uint32_t c = 0; c < cliques; ++c) {
    for (uint32_t i = 0; i < 5; ++i)
      for (uint32_t j = i + 1; j < 5; ++j) list.add(5 * c + i, 5 * c + j);
    for (int k = 0; k < 8; ++k)
      list.add(5 * c + random.below(5), 5 * (c / groups * groups + random.below(groups)) + random.below(5));
    for (int k = 0; k < 3; ++k) list.add(5 * c + random.below(5), random.below(list.nodes));
  }
  return list;
}

// The least change of the total by moving one unit to a module of its neighbours, or to an empty one.
double best_move(const FlowGraph& graph, const std::vector<Objective::Unit>& units, const Objective& objective,
                 const std::vector<uint32_t>& modules) {
  std::vector<uint32_t> size(graph.nodes);
  for (uint32_t m : modules) ++size[m];
  const auto empty = static_cast<uint32_t>(std::find(size.begin(), size.end(), 0) - size.begin());
  const auto flow_to = [&](uint32_t u, uint32_t module) {
    double sum = 0;
    for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
      if (modules[graph.neighbours[i]] == module) sum += graph.flow[i];
    return sum;
  };
  double best = 0;
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    const uint32_t from = modules[u];
    const auto departure = objective.leave(units[u], from, flow_to(u, from));
    std::set<uint32_t> others;
    for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) others.insert(modules[graph.neighbours[i]]);
    if (size[from] > 1 && empty < graph.nodes) others.insert(empty);
    for (uint32_t to : others)
      if (to != from) best = std::min(best, objective.delta(units[u], departure, to, flow_to(u, to)));
  }
  return best;
}

// Moves units until they are settled; returns the total. A unit is queued again when its neighbours move, not when moves
// elsewhere change the index codebook: hence a little may still be gained, but less than 0.01 bits.
double settle(const FlowGraph& graph, const std::vector<Objective::Unit>& units, Objective objective,
              std::vector<uint32_t> modules) {
  objective.start(sum_units(graph, units, modules, graph.nodes), graph.nodes);
  LocalMoves<Objective> moves;
  Random random(1);
  moves.run({graph, 0, units}, {false, 0}, 2, random, kNever, objective, modules.data());
  CHECK(best_move(graph, units, objective, modules) > -0.01);
  return objective.total();
}

}  // namespace

TEST("infomap search: when local moves have settled, no unit gains 0.01 bits by another") {
  Random random(6);
  for (int i = 0; i < 20; ++i) {
    const Flow flow = flow_of(i < 10 ? random_network(random, 200, 600) : cliques_in_groups(random, 4), false);
    const FlowGraph graph = make_flow_graph(flow);
    const auto units = Objective::units(flow, graph);
    std::vector<uint32_t> modules(graph.nodes);
    std::iota(modules.begin(), modules.end(), 0);
    settle(graph, units, Objective(flow).within(units), modules);
    for (uint32_t& m : modules) m = random.below(10);
    settle(graph, units, Objective(flow).within(units), modules);
  }
}

TEST("infomap search: as many units as are looked at all at once settle too") {
  const Flow flow = flow_of(ring_of_cliques(27000), false);
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow, graph);
  const Objective objective = Objective(flow).within(units);
  std::vector<uint32_t> modules(graph.nodes);
  std::iota(modules.begin(), modules.end(), 0);
  Objective apart = objective;
  apart.start(units);
  CHECK(settle(graph, units, objective, modules) < apart.total() - 1);
}

TEST("infomap search: units that are best alone leave for empty modules") {
  const Flow flow = flow_of(ring_of_cliques(12), false);
  const FlowGraph nodes = make_flow_graph(flow);
  std::vector<uint32_t> clique(nodes.nodes);
  for (uint32_t u = 0; u < nodes.nodes; ++u) clique[u] = u / 5;
  const auto node_units = Objective::units(flow, nodes);
  const FlowGraph graph = aggregate(nodes, clique, 12);
  const auto units = sum_units(nodes, node_units, clique, 12);
  const Objective objective = Objective(flow).within(units);
  Objective apart = objective;
  apart.start(units);
  CHECK_NEAR(settle(graph, units, objective, std::vector<uint32_t>(12)), apart.total(), 1e-12);
}

TEST("infomap search: never longer than one module of all nodes that have links") {
  Random random(7);
  for (int i = 0; i < 300; ++i) {
    const uint32_t n = 4 + random.below(40);
    const Flow flow = flow_of(random_network(random, n, n + random.below(4 * n)), false);
    const FlowGraph graph = make_flow_graph(flow);
    const auto units = Objective::units(flow, graph);
    Objective objective = Objective(flow).within(units);
    std::vector<uint32_t> modules(n, n - 1);
    for (uint32_t u = 0; u < n; ++u)
      if (graph.offsets[u] == graph.offsets[u + 1]) modules[u] = u;
    const double found = optimize(graph, units, objective, {}, Random(i), kNever).total;
    objective.start(sum_units(graph, units, modules, n));
    CHECK(found <= objective.total() + 1e-10);
  }
}

TEST("infomap search: more trials never give a worse codelength and number of modules, together") {
  Random random(9);
  for (uint32_t i = 0; i < 60; ++i) {
    const Flow flow = flow_of(random_network(random, 80, 160), false);
    const uint32_t wanted = 2 + i % 20;
    InfomapOptions options;
    options.two_level = true;
    options.preferred_modules = wanted;
    double least = HUGE_VAL;
    for (options.trials = 1; options.trials <= 8; ++options.trials) {
      InfomapResult result;
      CHECK(find_modules(flow, options, kNever, result).ok());
      uint32_t visited = 0;
      for (double visits : result.hierarchy[0].flow) visited += visits > 0;
      const double cost = result.codelength.total + std::fabs(static_cast<double>(visited) - wanted);
      CHECK(cost <= least + 1e-9);
      least = cost;
    }
  }
}

// A change of the search that changes these says so; shorter codes are better.
TEST("infomap search: codelengths found in networks made from seeds") {
  const auto codelength = [](const Flow& flow, bool two_level, uint32_t preferred) {
    InfomapOptions options;
    options.trials = 1;
    options.two_level = two_level;
    options.preferred_modules = preferred;
    InfomapResult result;
    CHECK(find_modules(flow, options, kNever, result).ok());
    return result.codelength.total;
  };
  Random random(8);
  double two_level = 0, nested = 0, preferred = 0, directed = 0, recorded = 0;
  for (uint32_t i = 0; i < 12; ++i) {
    const List list = i % 2 == 0 ? cliques_in_groups(random, 6 + i / 2) : random_network(random, 300, 700 + 100 * i);
    const Flow flow = flow_of(list, false);
    two_level += codelength(flow, true, 0);
    nested += codelength(flow, false, 0);
    preferred += codelength(flow, false, 3 + i);
    directed += codelength(flow_of(list, true), false, 0);
    WalkOptions options;
    options.recorded = true;
    recorded += codelength(flow_of(list, true, options), false, 0);
  }
  CHECK_NEAR(two_level, 77.5919140252, 1e-9);
  CHECK_NEAR(nested, 75.6426108431, 1e-9);
  CHECK_NEAR(preferred, 76.4266971001, 1e-9);
  CHECK_NEAR(directed, 68.8221251189, 1e-9);
  CHECK_NEAR(recorded, 80.1159945201, 1e-9);
}

TEST("infomap search: cancelled before its first cycle, it still gives a partition of the nodes") {
  Random random(9);
  const Flow flow = flow_of(random_network(random, 200, 600), false);
  const FlowGraph graph = make_flow_graph(flow, 1);
  const Objective objective(flow);
  const auto units = Objective::units(flow, graph);
  Cancel cancelled;
  cancelled.request();
  const Partition parts[] = {optimize(graph, units, objective, {}, Random(1), cancelled),
                             optimize_network(graph, units, objective, {}, Random(1), cancelled)};
  for (const Partition& found : parts) {
    CHECK(found.modules.size() == flow.nodes);
    for (uint32_t module : found.modules) CHECK(module < found.count);
  }
  const Nested nested = optimize_levels(graph, units, objective, {}, Random(1), cancelled);
  for (const auto& level : nested.levels) CHECK(level.size() == flow.nodes);
}
