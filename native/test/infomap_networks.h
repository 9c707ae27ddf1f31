// Networks that the C++ tests of the map equation share.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"
#include "infomap/links.h"
#include "runtime/random.h"
#include "test.h"

namespace networks {

using namespace infomotion;
using namespace infomotion::infomap;
using namespace infomotion::runtime;

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

inline const Cancel kNever;

inline Flow flow_of(const List& list, bool directed, const WalkOptions& options = {}) {
  Links links;
  Flow flow;
  Status status = make_links(list.view(), directed, links);
  if (status.ok()) status = compute_flow(std::move(links), options, kNever, flow);
  CHECK(status.ok());
  return flow;
}

// A random network with self-links, parallel links, links of weight 0, dangling and isolated nodes.
inline List random_network(Random& random, uint32_t nodes, uint32_t links) {
  List list;
  list.nodes = nodes;
  for (uint32_t i = 0; i < links; ++i) {
    const uint32_t u = random.below(nodes * 4 / 5);
    list.add(u, random.below(8) == 0 ? u : random.below(nodes - 2), random.below(10) == 0 ? 0 : 5 * random.uniform());
  }
  return list;
}

// `groups` rings of cliques of 5 whose neighbours are linked.
inline List ring_of_cliques(uint32_t groups) {
  List list;
  list.nodes = groups * 5;
  for (uint32_t g = 0; g < groups; ++g) {
    for (uint32_t i = 0; i < 5; ++i)
      for (uint32_t j = i + 1; j < 5; ++j) list.add(g * 5 + i, g * 5 + j);
    list.add(g * 5, ((g + 1) % groups) * 5 + 1);
  }
  return list;
}

inline List two_triangles() {
  List list;
  list.nodes = 6;
  const uint32_t ends[7][2] = {{0, 1}, {0, 2}, {1, 2}, {3, 4}, {3, 5}, {4, 5}, {2, 3}};
  for (const auto& e : ends) list.add(e[0], e[1]);
  return list;
}

}  // namespace networks
