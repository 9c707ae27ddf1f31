#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/links.h"
#include "infomap/map_equation.h"
#include "infomap/optimizer.h"
#include "infomap/plogp.h"
#include "runtime/random.h"
#include "test.h"

using namespace infomotion;

namespace {

struct List {
  uint32_t nodes = 0;
  std::vector<uint32_t> sources, targets;
  std::vector<double> weights;
  void add(uint32_t u, uint32_t v, double w = 1) {
    sources.push_back(u);
    targets.push_back(v);
    weights.push_back(w);
  }
  LinkView view() const {
    LinkView view;
    view.nodes = nodes;
    view.count = targets.size();
    view.sources = sources.data();
    view.targets = targets.data();
    view.weights = weights.data();
    return view;
  }
};

const Cancel kNever;

Flow flow_of(const List& list, bool directed) {
  Links links;
  Flow flow;
  Status status = make_links(list.view(), directed, links);
  if (status.ok()) status = compute_flow(std::move(links), 0.15, kNever, flow);
  CHECK(status.ok());
  return flow;
}

// A random network with self-links, parallel links, links of weight 0, dangling and isolated nodes.
List random_network(Random& random, uint32_t nodes, uint32_t links) {
  List list;
  list.nodes = nodes;
  for (uint32_t i = 0; i < links; ++i) {
    const uint32_t u = random.below(nodes * 4 / 5);
    list.add(u, random.below(8) == 0 ? u : random.below(nodes - 2), random.below(10) == 0 ? 0 : 5 * random.uniform());
  }
  return list;
}

// `groups` rings of cliques of 5 whose neighbours are linked.
List ring_of_cliques(uint32_t groups) {
  List list;
  list.nodes = groups * 5;
  for (uint32_t g = 0; g < groups; ++g) {
    for (uint32_t i = 0; i < 5; ++i)
      for (uint32_t j = i + 1; j < 5; ++j) list.add(g * 5 + i, g * 5 + j);
    list.add(g * 5, ((g + 1) % groups) * 5 + 1);
  }
  return list;
}

List two_triangles() {
  List list;
  list.nodes = 6;
  const uint32_t ends[7][2] = {{0, 1}, {0, 2}, {1, 2}, {3, 4}, {3, 5}, {4, 5}, {2, 3}};
  for (const auto& e : ends) list.add(e[0], e[1]);
  return list;
}

std::vector<uint32_t> random_modules(Random& random, uint32_t nodes, uint32_t count) {
  std::vector<uint32_t> modules(nodes);
  for (uint32_t& m : modules) m = random.below(count);
  return modules;
}

// The modules of a partition as units, from the definition of Unit.
template <class Objective>
std::vector<typename Objective::Unit> sum_units(const FlowGraph& graph,
                                                const std::vector<typename Objective::Unit>& units,
                                                const std::vector<uint32_t>& modules, uint32_t count) {
  std::vector<typename Objective::Unit> result(count);
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    double inside = 0;
    for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
      if (graph.neighbours[i] < u && modules[graph.neighbours[i]] == modules[u]) inside += graph.flow[i];
    result[modules[u]] = result[modules[u]].joined(units[u], inside);
  }
  return result;
}

double flow_between(const FlowGraph& graph, uint32_t u, const std::vector<uint32_t>& modules, uint32_t module) {
  double sum = 0;
  for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
    if (modules[graph.neighbours[i]] == module) sum += graph.flow[i];
  return sum;
}

// delta == total(after) - total(before) == evaluate(after) - evaluate(before), for moves and on the aggregated graph.
template <class Objective>
void check_moves(const List& list, bool directed, Random& random) {
  const Flow flow = flow_of(list, directed);
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow);
  Objective objective(units);
  const uint32_t count = 1 + random.below(6);
  std::vector<uint32_t> modules = random_modules(random, flow.nodes, count);
  objective.start(sum_units<Objective>(graph, units, modules, count));
  double before = objective.total();
  CHECK_NEAR(before, evaluate(flow, modules, count).total, 1e-12);
  for (int i = 0; i < 20; ++i) {
    const uint32_t u = random.below(flow.nodes), from = modules[u], to = random.below(count);
    if (to == from) continue;
    const double s_from = flow_between(graph, u, modules, from), s_to = flow_between(graph, u, modules, to);
    const double delta = objective.delta(units[u], objective.leave(units[u], from, s_from), to, s_to);
    objective.move(units[u], from, s_from, to, s_to);
    modules[u] = to;
    CHECK_NEAR(delta, objective.total() - before, 1e-12);
    before = objective.total();
    CHECK_NEAR(before, evaluate(flow, modules, count).total, 1e-12);
  }
  const uint32_t used = number_modules(modules);
  const FlowGraph coarse = aggregate(graph, modules, used);
  const auto coarse_units = sum_units<Objective>(graph, units, modules, used);
  const uint32_t halves = 1 + used / 2;
  std::vector<uint32_t> above(used), projected(flow.nodes);
  for (uint32_t m = 0; m < used; ++m) above[m] = m % halves;
  for (uint32_t u = 0; u < flow.nodes; ++u) projected[u] = above[modules[u]];
  Objective aggregated(units);
  aggregated.start(coarse_units);
  CHECK_NEAR(aggregated.total(), before, 1e-12);
  aggregated.start(sum_units<Objective>(coarse, coarse_units, above, halves));
  CHECK_NEAR(aggregated.total(), evaluate(flow, projected, halves).total, 1e-12);
}

InfomapResult run(const Flow& flow, uint32_t trials, uint32_t seed, uint32_t threads) {
  InfomapOptions options;
  options.trials = trials;
  options.seed = seed;
  options.threads = threads;
  InfomapResult result;
  CHECK(infomap(flow, options, kNever, result).ok());
  return result;
}

}  // namespace

TEST("infomap: the portable log2 agrees with libm") {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 2000000; ++i) {
    const double u = (random.next() + random.uniform()) / 4294967296.0;
    // Values of every size, and many beside 1, where log2 passes through 0.
    const double x = i % 2 ? std::ldexp(1 + u, static_cast<int>(random.below(1000)) - 990)
                           : 1 + (u - 0.5) / (1 + random.below(100000));
    if (x == 1) continue;
    const long double exact = std::log2(static_cast<long double>(x));
    worst = std::max(worst, static_cast<double>(std::fabs((log2_portable(x) - exact) / exact)));
  }
  CHECK(worst < 1e-15);
  for (int e = -1000; e < 1000; ++e) CHECK(log2_portable(std::ldexp(1.0, e)) == e);
  CHECK(plogp(0) == 0);
  CHECK(plogp(-1e-18) == 0);
  CHECK(plogp(0.25) == -0.5);
}

TEST("infomap: the delta of a move is total(after) - total(before), and aggregation preserves the total") {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const List list = random_network(random, 5 + random.below(40), random.below(200));
    check_moves<MapEquation<true>>(list, false, random);
    check_moves<MapEquation<false>>(list, true, random);
  }
}

TEST("infomap: the search goes on from a given partition") {
  Random random(8);
  const Flow flow = flow_of(random_network(random, 300, 900), false);
  using Objective = MapEquation<true>;
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow);
  Partition first = optimize(graph, units, Objective(units), {}, Random(1), kNever);
  const Partition again = optimize(graph, units, Objective(units), first.modules, Random(2), kNever);
  CHECK(again.total <= first.total + 1e-9);
  for (uint32_t& m : first.modules) m = 299 - m;  // numbers with gaps
  CHECK(optimize(graph, units, Objective(units), first.modules, Random(2), kNever).total == again.total);
}

TEST("infomap: flow is conserved") {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    const List list = random_network(random, 5 + random.below(40), 20 + random.below(200));
    for (bool directed : {false, true}) {
      const Flow flow = flow_of(list, directed);
      double sum = 0;
      for (double p : flow.node_flow) sum += p;
      CHECK_NEAR(sum, 1, 1e-12);
      double links = 0;
      for (uint32_t u = 0; u < flow.nodes; ++u)
        for (std::size_t l = flow.offsets[u]; l < flow.offsets[u + 1]; ++l)
          links += (!directed && flow.targets[l] != u ? 2 : 1) * flow.link_flow[l];
      CHECK_NEAR(links, 1, 1e-12);
    }
  }
}

TEST("infomap: two triangles, worked by hand") {
  // 7 links, so each direction of a link carries 1/14. Two modules: each is entered and left at 1/14 and holds 1/2.
  const Flow flow = flow_of(two_triangles(), false);
  const double h = std::log2(14.0);
  const double one_level = (4 * 2 * (h - 1) + 2 * 3 * (h - std::log2(3.0))) / 14;
  const InfomapResult result = run(flow, 3, 123, 1);
  CHECK((result.modules == std::vector<uint32_t>{0, 0, 0, 1, 1, 1}));
  CHECK_NEAR(result.codelength.one_level, one_level, 1e-14);
  CHECK_NEAR(result.codelength.index, 1.0 / 7, 1e-14);  // one bit, 1/7 of the steps
  // Each module codebook has rates 1/14 (exit), 2/14, 2/14, 3/14: entropy of (1, 2, 2, 3)/8, used 8/14 of the steps.
  const double entropy = (1 * 3 + 2 * 2 * 2 + 3 * (3 - std::log2(3.0))) / 8;
  CHECK_NEAR(result.codelength.total, 1.0 / 7 + 2 * (8.0 / 14) * entropy, 1e-14);
  CHECK_NEAR(result.codelength.exit[0], 1.0 / 14, 1e-15);
}

TEST("infomap: links add up whatever way they are given") {
  List list = two_triangles();
  list.add(1, 0, 2);    // parallel to 0 1, the other way round
  list.add(4, 4, 1.5);  // a self-link
  list.add(0, 5, 0);    // no link
  Links links;
  CHECK(make_links(list.view(), false, links).ok());
  CHECK(links.targets.size() == 8);
  CHECK(links.weights[0] == 3);
  const Flow flow = flow_of(list, false);
  CHECK_NEAR(flow.node_flow[4], (2 + 1.5) / (14 + 4 + 1.5), 1e-15);
  // The same as CSR: each link in both rows, the self-link once.
  std::vector<std::vector<std::pair<uint32_t, double>>> rows(6);
  for (std::size_t i = 0; i < list.sources.size(); ++i) {
    rows[list.sources[i]].emplace_back(list.targets[i], list.weights[i]);
    if (list.sources[i] != list.targets[i]) rows[list.targets[i]].emplace_back(list.sources[i], list.weights[i]);
  }
  std::vector<uint32_t> offsets{0}, targets;
  std::vector<double> weights;
  for (const auto& row : rows) {
    for (const auto& [target, weight] : row) {
      targets.push_back(target);
      weights.push_back(weight);
    }
    offsets.push_back(static_cast<uint32_t>(targets.size()));
  }
  LinkView csr;
  csr.nodes = 6;
  csr.count = targets.size();
  csr.offsets = offsets.data();
  csr.targets = targets.data();
  csr.weights = weights.data();
  Links same;
  CHECK(make_links(csr, false, same).ok());
  CHECK(same.targets == links.targets);
  CHECK(same.weights == links.weights);
  weights[0] = 4;
  const Status status = make_links(csr, false, same);
  CHECK(status.code == "INVALID_ARGUMENT");
  CHECK(status.message.find("between 0 and 1") != std::string::npos);
}

TEST("infomap: the search's own total is a fresh evaluation's, and no trial is better than the result") {
  Random random(4);
  for (int i = 0; i < 40; ++i) {
    const List list = random_network(random, 10 + random.below(60), 30 + random.below(300));
    for (bool directed : {false, true}) {
      const Flow flow = flow_of(list, directed);
      const InfomapResult result = run(flow, 4, static_cast<uint32_t>(i), 1);
      CHECK_NEAR(result.trial_codelengths[result.trial], result.codelength.total, 1e-12);
      for (double total : result.trial_codelengths) CHECK(total >= result.codelength.total - 1e-9);
      CHECK(result.codelength.total <= result.codelength.one_level + 1e-12);
      CHECK(std::is_sorted(result.codelength.module_flow.rbegin(), result.codelength.module_flow.rend(),
                           [](double a, double b) { return a < b - 1e-9; }));
    }
  }
}

TEST("infomap: a ring of cliques is found, one module a clique") {
  const InfomapResult result = run(flow_of(ring_of_cliques(30), false), 1, 123, 1);
  CHECK(result.count == 30);
  for (uint32_t u = 0; u < 150; ++u) CHECK(result.modules[u] == result.modules[u / 5 * 5]);
}

TEST("infomap: one module where that is shortest; nodes without links stay by themselves") {
  List list;
  list.nodes = 7;
  for (uint32_t u = 0; u < 6; ++u)
    for (uint32_t v = u + 1; v < 6; ++v) list.add(u, v);
  const InfomapResult result = run(flow_of(list, false), 2, 1, 1);
  CHECK((result.modules == std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 1}));
  CHECK_NEAR(result.codelength.total, std::log2(6.0), 1e-14);
  List empty;
  empty.nodes = 3;
  for (bool directed : {false, true}) {
    const InfomapResult none = run(flow_of(empty, directed), 2, 1, 1);
    CHECK(none.count == 3);
    CHECK(none.codelength.total == 0);
  }
}

TEST("infomap: the same seed gives the same result for any number of threads") {
  Random random(5);
  List list = random_network(random, 400, 1600);
  for (bool directed : {false, true}) {
    const Flow flow = flow_of(list, directed);
    const InfomapResult one = run(flow, 8, 7, 1);
    for (uint32_t threads : {2u, 4u}) {
      const InfomapResult more = run(flow, 8, 7, threads);
      CHECK(more.modules == one.modules);
      CHECK(more.codelength.total == one.codelength.total);
      CHECK(more.trial_codelengths == one.trial_codelengths);
      CHECK(more.trial == one.trial);
    }
    CHECK(run(flow, 8, 8, 1).trial_codelengths != one.trial_codelengths);
  }
}

TEST("infomap: cancelled in the middle of a search") {
  Random random(6);
  const Flow flow = flow_of(random_network(random, 20000, 200000), false);
  Cancel cancel;
  std::atomic<int> trials{0};
  InfomapOptions options;
  options.trials = 10000;  // minutes of work
  options.on_trial_done = [&] {
    if (++trials == 1) cancel.request();
  };
  InfomapResult result;
  CHECK(infomap(flow, options, cancel, result).code == "ABORTED");
  CHECK(trials < 100);
}

TEST("infomap: links at fault are named") {
  const auto message = [](uint32_t u, uint32_t v, double w) {
    List list = two_triangles();
    list.add(u, v, w);
    Links links;
    const Status status = make_links(list.view(), true, links);
    CHECK(status.code == "INVALID_ARGUMENT");
    return status.message;
  };
  CHECK(message(1, 6, 1).find("Link 7 (1 -> 6): target 6 is not a node") == 0);
  CHECK(message(9, 1, 1).find("source 9") != std::string::npos);
  CHECK(message(1, 2, -1).find("Link 7 (1 -> 2) has weight -1") == 0);
  CHECK(message(1, 2, NAN).find("NaN") != std::string::npos);
  CHECK(message(1, 2, INFINITY).find("inf") != std::string::npos);
  for (const std::vector<uint32_t>& offsets : {std::vector<uint32_t>{1, 2, 3}, {0, 3, 2}, {0, 1, 2}, {0, 9, 9}}) {
    const std::vector<uint32_t> targets{0, 1, 1};
    LinkView csr;
    csr.nodes = 2;
    csr.count = targets.size();
    csr.offsets = offsets.data();
    csr.targets = targets.data();
    Links links;
    CHECK(make_links(csr, true, links).message.find("offsets[") == 0);
  }
}
