#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "infomap_networks.h"

using namespace networks;

TEST("infomap links: in any order, in rows long and short, are put in order, parallel ones summed as they come") {
  Random random(12);
  for (const uint32_t nodes : {3u, 40u, 500u}) {
    for (const bool in_order : {false, true}) {
      for (const bool directed : {false, true}) {
        List list = random_network(random, nodes, 3000);
        if (in_order) std::sort(list.sources.begin(), list.sources.end());
        std::map<std::pair<uint32_t, uint32_t>, double> sums;
        for (std::size_t i = 0; i < list.targets.size(); ++i) {
          std::pair<uint32_t, uint32_t> ends{list.sources[i], list.targets[i]};
          if (!directed && ends.first > ends.second) std::swap(ends.first, ends.second);
          if (list.weights[i] > 0) sums[ends] += list.weights[i];
        }
        Links links;
        CHECK(make_links(list.view(), directed, links).ok());
        CHECK(links.offsets.size() == nodes + std::size_t{1} && links.offsets[nodes] == sums.size());
        auto next = sums.begin();
        for (uint32_t u = 0; u < nodes; ++u)
          for (std::size_t i = links.offsets[u]; i < links.offsets[u + 1]; ++i, ++next)
            CHECK(next->first == std::make_pair(u, links.targets[i]) && next->second == links.weights[i]);
      }
    }
  }
}

TEST("infomap links: those at fault are named") {
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
