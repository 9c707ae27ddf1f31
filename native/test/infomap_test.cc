#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <thread>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/objectives.h"
#include "infomap/optimizer.h"
#include "infomap/plogp.h"
#include "infomap_networks.h"

using namespace networks;

namespace {

InfomapResult run(const Flow& flow, uint32_t trials, uint32_t seed, uint32_t threads) {
  InfomapOptions options;
  options.trials = trials;
  options.seed = seed;
  options.threads = threads;
  options.two_level = true;
  InfomapResult result;
  CHECK(find_modules(flow, options, kNever, result).ok());
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

TEST("infomap: the search goes on from a given partition") {
  Random random(8);
  const Flow flow = flow_of(random_network(random, 300, 900), false);
  using Objective = UndirectedMapEquation;
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow, graph);
  Partition first = optimize(graph, units, Objective(flow).within(units), {}, Random(1), kNever);
  const Partition again = optimize(graph, units, Objective(flow).within(units), {first.modules, 1}, Random(2), kNever);
  CHECK(again.total <= first.total + 1e-9);
  for (uint32_t& m : first.modules) m = 299 - m;  // numbers with gaps
  CHECK(optimize(graph, units, Objective(flow).within(units), {first.modules, 1}, Random(2), kNever).total ==
        again.total);
}

TEST("infomap: two triangles, worked by hand") {
  // 7 links, so each direction of a link carries 1/14. Two modules: each is entered and left at 1/14 and holds 1/2.
  const Flow flow = flow_of(two_triangles(), false);
  const double h = std::log2(14.0);
  const double one_level = (4 * 2 * (h - 1) + 2 * 3 * (h - std::log2(3.0))) / 14;
  const InfomapResult result = run(flow, 3, 123, 1);
  CHECK((result.hierarchy[0].modules == std::vector<uint32_t>{0, 0, 0, 1, 1, 1}));
  CHECK_NEAR(result.codelength.one_level, one_level, 1e-14);
  CHECK_NEAR(result.codelength.by_level[0], 1.0 / 7, 1e-14);  // one bit, 1/7 of the steps
  // Each module codebook has rates 1/14 (exit), 2/14, 2/14, 3/14: entropy of (1, 2, 2, 3)/8, used 8/14 of the steps.
  const double entropy = (1 * 3 + 2 * 2 * 2 + 3 * (3 - std::log2(3.0))) / 8;
  CHECK_NEAR(result.codelength.total, 1.0 / 7 + 2 * (8.0 / 14) * entropy, 1e-14);
  CHECK_NEAR(result.hierarchy[0].exit[0], 1.0 / 14, 1e-15);
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
      CHECK(std::is_sorted(result.hierarchy[0].flow.rbegin(), result.hierarchy[0].flow.rend(),
                           [](double a, double b) { return a < b - 1e-9; }));
    }
  }
}

TEST("infomap: a ring of cliques is found, one module a clique") {
  const InfomapResult result = run(flow_of(ring_of_cliques(30), false), 1, 123, 1);
  CHECK(result.hierarchy[0].flow.size() == 30);
  for (uint32_t u = 0; u < 150; ++u) CHECK(result.hierarchy[0].modules[u] == result.hierarchy[0].modules[u / 5 * 5]);
}

TEST("infomap: one module where that is shortest; nodes without links stay by themselves") {
  List list;
  list.nodes = 7;
  for (uint32_t u = 0; u < 6; ++u)
    for (uint32_t v = u + 1; v < 6; ++v) list.add(u, v);
  const InfomapResult result = run(flow_of(list, false), 2, 1, 1);
  CHECK((result.hierarchy[0].modules == std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 1}));
  CHECK_NEAR(result.codelength.total, std::log2(6.0), 1e-14);
  List empty;
  empty.nodes = 3;
  for (bool directed : {false, true}) {
    const InfomapResult none = run(flow_of(empty, directed), 2, 1, 1);
    CHECK(none.hierarchy[0].flow.size() == 3);
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
      CHECK(more.hierarchy[0].modules == one.hierarchy[0].modules);
      CHECK(more.codelength.total == one.codelength.total);
      CHECK(more.trial_codelengths == one.trial_codelengths);
      CHECK(more.trial == one.trial);
    }
    CHECK(run(flow, 8, 8, 1).trial_codelengths != one.trial_codelengths);
  }
}

// Numbers that say nothing of where a node is.
List shuffled(List list, Random& random) {
  std::vector<uint32_t> number(list.nodes);
  std::iota(number.begin(), number.end(), 0);
  random.shuffle(number.data(), list.nodes);
  for (uint32_t& u : list.sources) u = number[u];
  for (uint32_t& u : list.targets) u = number[u];
  return list;
}

TEST("infomap: the same seed gives the same result for any number of threads inside one trial") {
  Random random(9);
  // Enough nodes that modules are divided in several jobs; that no cache holds them, and they are put in order first.
  for (uint32_t cliques : {8000u, 30000u}) {
    const Flow flow = flow_of(shuffled(ring_of_cliques(cliques), random), false);
    const InfomapResult one = run(flow, 1, 7, 1);
    std::vector<uint32_t> size(one.hierarchy[0].flow.size());
    for (uint32_t m : one.hierarchy[0].modules) ++size[m];
    for (uint32_t n : size) CHECK(n % 5 == 0);  // whole cliques
    CHECK(one.codelength.total < one.codelength.one_level - 5);
    for (uint32_t threads : {2u, 3u}) {
      const InfomapResult more = run(flow, 1, 7, threads);
      CHECK(more.hierarchy[0].modules == one.hierarchy[0].modules);
      CHECK(more.codelength.total == one.codelength.total);
    }
  }
}

TEST("infomap: graphs of flow are the same for any number of threads") {
  Random random(10);
  const List list = shuffled(ring_of_cliques(60000), random);
  const auto same = [](const FlowGraph& a, const FlowGraph& b) {
    return a.nodes == b.nodes && a.offsets == b.offsets && a.neighbours == b.neighbours && a.flow == b.flow;
  };
  for (bool directed : {false, true}) {
    const Flow flow = flow_of(list, directed);
    const FlowGraph one = make_flow_graph(flow, 1), three = make_flow_graph(flow, 3);
    CHECK(same(one, three));
    const std::vector<uint32_t> order = order_by_neighbourhood(one);
    std::vector<uint32_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (uint32_t u = 0; u < one.nodes; ++u) CHECK(sorted[u] == u);
    FlowGraph near, also_near;
    permute(one, order, 1, near);
    permute(one, order, 3, also_near);
    CHECK(same(near, also_near));
    std::size_t beside = 0;
    for (uint32_t u = 0; u < near.nodes; ++u)
      for (std::size_t i = near.offsets[u]; i < near.offsets[u + 1]; ++i)
        beside += near.neighbours[i] + 64 > u && near.neighbours[i] < u + 64;
    CHECK(beside > near.neighbours.size() * 9 / 10);
    std::vector<uint32_t> modules(one.nodes);
    for (uint32_t& m : modules) m = random.below(one.nodes / 4);
    const uint32_t count = number_modules(modules);
    CHECK(same(aggregate(one, modules, count, 1), aggregate(one, modules, count, 3)));
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
  CHECK(find_modules(flow, options, cancel, result).code == "ABORTED");
  CHECK(trials < 100);
}

TEST("infomap: only the ratios of weights matter, however large or small; links that vanish beside others are absent") {
  Random random(9);
  const List base = random_network(random, 40, 120);
  WalkOptions options;
  for (const bool directed : {false, true}) {
    for (const double regularization : {0.0, 1.0, 1e300}) {
      options.regularization = regularization;
      const auto flow = [&](double scale, bool vanishing) {
        List list = base;
        for (double& weight : list.weights) weight *= scale;
        if (vanishing) list.add(0, 39, 5e-324);
        Links links;
        CHECK(make_links(list.view(), directed, links).ok());
        Flow result;
        CHECK(compute_flow(std::move(links), options, kNever, result).ok());
        return result;
      };
      const Flow one = flow(1, false);
      for (const double visits : one.node_flow) CHECK(std::isfinite(visits));
      for (const double scale : {0x1p-1000, 0x1p-300, 0x1p300, 0x1p1000}) {
        CHECK(flow(scale, false).node_flow == one.node_flow);
        CHECK(flow(scale, false).weight == scale * one.weight);
      }
      CHECK(flow(1, true).node_flow == one.node_flow);
      for (const double visits : flow(5e-324, false).node_flow) CHECK(std::isfinite(visits));
    }
  }
}
