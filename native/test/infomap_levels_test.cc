#include <algorithm>
#include <cmath>
#include <vector>

#include "infomap/infomap.h"
#include "infomap_networks.h"

using namespace networks;

namespace {

InfomapResult run(const Flow& flow, InfomapOptions options) {
  InfomapResult result;
  CHECK(find_modules(flow, options, kNever, result).ok());
  return result;
}

InfomapOptions search(uint32_t trials, uint32_t seed, uint32_t threads = 1) {
  InfomapOptions options;
  options.trials = trials;
  options.seed = seed;
  options.threads = threads;
  return options;
}

// `regions` of 6 cliques of 5; links between the cliques of a region, few between regions.
List nested_cliques(uint32_t regions) {
  List list;
  list.nodes = regions * 30;
  for (uint32_t clique = 0; clique < regions * 6; ++clique) {
    for (uint32_t i = 0; i < 5; ++i)
      for (uint32_t j = i + 1; j < 5; ++j) list.add(clique * 5 + i, clique * 5 + j);
    const uint32_t region = clique / 6;
    for (uint32_t step = 1; step < 3; ++step) list.add(clique * 5, (region * 6 + (clique + step) % 6) * 5 + step);
  }
  for (uint32_t region = 0; region < regions; ++region) list.add(region * 30 + 3, (region + 1) % regions * 30 + 4);
  return list;
}

double plain_plogp(double x) { return x > 0 ? x * std::log2(x) : 0; }

}  // namespace

TEST("infomap: modules inside modules, worked by hand") {
  const uint32_t regions = 8;
  const List list = nested_cliques(regions);
  const Flow flow = flow_of(list, false);
  const InfomapResult result = run(flow, search(3, 123));
  CHECK(result.hierarchy.size() == 2);
  CHECK(result.hierarchy[0].flow.size() == regions);
  CHECK(result.hierarchy[1].flow.size() == regions * 6);
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    const Level &top = result.hierarchy[0], fine = result.hierarchy[1];
    CHECK(top.modules[u] == top.modules[u / 30 * 30]);
    CHECK(fine.modules[u] == fine.modules[u / 5 * 5]);
    CHECK(fine.parents[fine.modules[u]] == top.modules[u]);
  }
  // Each link's end is 1/W of the flow. A region is left by 2 links, a clique by 4 inside its region (2 of its own, 2
  // that come), its first also by 2 links out of it.
  const double w = 2.0 * static_cast<double>(list.sources.size());
  double expected = plain_plogp(2 * regions / w) - regions * plain_plogp(2 / w);
  expected +=
      regions * (plain_plogp((2 + 5 * 4 + 6) / w) - plain_plogp(2 / w) - 5 * plain_plogp(4 / w) - plain_plogp(6 / w));
  std::vector<double> degree(list.nodes), exits(regions * 6);
  for (std::size_t i = 0; i < list.sources.size(); ++i) {
    const uint32_t u = list.sources[i], v = list.targets[i];
    ++degree[u], ++degree[v];
    if (u / 5 != v / 5) ++exits[u / 5], ++exits[v / 5];
  }
  for (uint32_t clique = 0; clique < regions * 6; ++clique) {
    double inside = 0;
    for (uint32_t u = clique * 5; u < clique * 5 + 5; ++u)
      inside += degree[u] / w, expected -= plain_plogp(degree[u] / w);
    expected += plain_plogp(exits[clique] / w + inside) - plain_plogp(exits[clique] / w);
  }
  CHECK_NEAR(result.codelength.total, expected, 1e-13);
  InfomapOptions two = search(3, 123);
  two.two_level = true;
  CHECK(result.codelength.total < run(flow, two).codelength.total);
}

TEST("infomap: the nested search's own total is a fresh evaluation's, whatever the flow and the costs of modules") {
  Random random(14);
  for (int i = 0; i < 24; ++i) {
    const List list = i % 3 == 0 ? nested_cliques(2 + random.below(4))
                                 : random_network(random, 10 + random.below(150), 30 + random.below(500));
    for (bool directed : {false, true}) {
      for (int kind = 0; kind < 6; ++kind) {
        WalkOptions walk;
        InfomapOptions options = search(2, static_cast<uint32_t>(i));
        if (kind == 1) walk.recorded = true;
        if (kind == 2) walk.regularization = 0.1;
        if (kind == 3) walk.markov_time = 0.5;
        if (kind >= 4) options.entropy_correction = 1;
        if (kind == 5) options.preferred_modules = 1 + random.below(6);
        const Flow flow = flow_of(list, directed, walk);
        const InfomapResult result = run(flow, options);
        CHECK_NEAR(result.trial_codelengths[result.trial], result.codelength.total, 1e-12);
        if (kind < 5) CHECK(result.codelength.total <= result.codelength.one_level + 1e-12);
        double parts = 0;
        for (double bits : result.codelength.by_level) parts += bits;
        CHECK_NEAR(parts, result.codelength.total, 1e-12);
        CHECK(result.codelength.by_level.size() == result.hierarchy.size() + 1);
        for (std::size_t l = 1; l < result.hierarchy.size(); ++l)
          CHECK(result.hierarchy[l].flow.size() > result.hierarchy[l - 1].flow.size());
      }
    }
  }
}

TEST("infomap: nested modules are the same for any number of threads") {
  Random random(15);
  const List list = random_network(random, 1500, 4000);
  for (bool directed : {false, true}) {
    const Flow flow = flow_of(list, directed);
    for (uint32_t trials : {1u, 3u}) {
      const InfomapResult one = run(flow, search(trials, 7, 1));
      CHECK(one.hierarchy.size() > 1);
      for (uint32_t threads : {2u, 4u}) {
        const InfomapResult more = run(flow, search(trials, 7, threads));
        CHECK(more.codelength.total == one.codelength.total);
        CHECK(more.trial_codelengths == one.trial_codelengths);
        CHECK(more.hierarchy.size() == one.hierarchy.size());
        for (std::size_t l = 0; l < one.hierarchy.size(); ++l)
          CHECK(more.hierarchy[l].modules == one.hierarchy[l].modules);
      }
    }
  }
}

TEST("infomap: a preferred number of modules is reached where a bit a module pays for it") {
  const Flow flow = flow_of(nested_cliques(8), false);
  for (bool two_level : {true, false}) {
    for (uint32_t preferred : {1u, 4u, 6u, 8u, 12u}) {
      InfomapOptions options = search(5, 1);
      options.two_level = two_level;
      options.preferred_modules = preferred;
      const InfomapResult result = run(flow, options);
      CHECK(result.hierarchy[0].flow.size() == preferred);
    }
  }
}

TEST("infomap: the nested search goes on from a given partition") {
  const Flow flow = flow_of(nested_cliques(8), false);
  InfomapOptions options = search(1, 1);
  const InfomapResult best = run(flow, search(5, 1));
  options.initial = best.hierarchy.back().modules;
  CHECK(run(flow, options).codelength.total <= best.codelength.total + 1e-12);
}

TEST("infomap: no links, no nodes, one module: nothing is nested") {
  List empty;
  for (uint32_t nodes : {0u, 3u}) {
    empty.nodes = nodes;
    const InfomapResult none = run(flow_of(empty, false), search(2, 1));
    CHECK(none.hierarchy.size() == 1);
    CHECK(none.hierarchy[0].flow.size() == nodes);
    CHECK(none.codelength.total == 0);
  }
  List clique;
  clique.nodes = 7;
  for (uint32_t u = 0; u < 6; ++u)
    for (uint32_t v = u + 1; v < 6; ++v) clique.add(u, v);
  const InfomapResult one = run(flow_of(clique, false), search(2, 1));
  CHECK(one.hierarchy.size() == 1);
  CHECK((one.hierarchy[0].modules == std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 1}));
  CHECK_NEAR(one.codelength.total, std::log2(6.0), 1e-14);
}
