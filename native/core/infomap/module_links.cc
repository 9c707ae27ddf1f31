#include "infomap/module_links.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace infomotion::infomap {
namespace {

// The links between children (if null: the nodes themselves) that have the same parent (if null: all children do).
ModuleLinks between(const Flow& flow, const uint32_t* children, const uint32_t* parents) {
  const auto child = [&](uint32_t u) { return children ? children[u] : u; };
  const auto each = [&](auto&& body) {
    for (uint32_t u = 0; u < flow.nodes; ++u) {
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
        const uint32_t v = flow.targets[i];
        uint32_t a = child(u), b = child(v);
        if (a == b || (parents && parents[u] != parents[v])) continue;
        if (!flow.directed && a > b) std::swap(a, b);
        body(a, b, flow.directed ? flow.link_flow[i] : 2 * flow.link_flow[i]);
      }
    }
  };
  uint32_t count = 0;
  for (uint32_t u = 0; u < flow.nodes; ++u) count = std::max(count, child(u) + 1);
  // Counting sort by source, then each row summed by target in a dense scratch.
  std::vector<std::size_t> place(static_cast<std::size_t>(count) + 1);
  each([&](uint32_t a, uint32_t, double) { ++place[a + 1]; });
  for (uint32_t a = 0; a < count; ++a) place[a + 1] += place[a];
  std::vector<std::pair<uint32_t, double>> entries(place[count]);
  each([&](uint32_t a, uint32_t b, double f) { entries[place[a]++] = {b, f}; });

  ModuleLinks links;
  std::vector<double> sum(count);
  std::vector<uint32_t> touched;
  std::size_t i = 0;
  for (uint32_t a = 0; a < count; ++a) {
    touched.clear();
    for (; i < place[a]; ++i) {
      if (sum[entries[i].first] == 0) touched.push_back(entries[i].first);
      sum[entries[i].first] += entries[i].second;
    }
    std::sort(touched.begin(), touched.end());
    for (const uint32_t b : touched) {
      if (links.targets.empty() || links.sources.back() != a || links.targets.back() != b) {
        links.sources.push_back(a);
        links.targets.push_back(b);
        links.flow.push_back(sum[b]);
      }
      sum[b] = 0;
    }
  }
  return links;
}

}  // namespace

runtime::Status module_links(const Flow& flow, const std::vector<std::vector<uint32_t>>& levels,
                             const runtime::Cancel& cancel, std::vector<ModuleLinks>& links) {
  for (const auto& modules : levels) {
    for (uint32_t u = 0; u < flow.nodes; ++u) {
      if (modules[u] < flow.nodes) continue;
      return runtime::Status::error("INVALID_ARGUMENT", "Node " + std::to_string(u) + " is in module " +
                                                            std::to_string(modules[u]) +
                                                            "; modules must be numbered from 0, without gaps.");
    }
  }
  links.clear();
  for (std::size_t level = 0; level <= levels.size(); ++level) {
    if (cancel.requested()) return runtime::Status::cancelled();
    links.push_back(between(flow, level < levels.size() ? levels[level].data() : nullptr,
                            level > 0 ? levels[level - 1].data() : nullptr));
  }
  return {};
}

}  // namespace infomotion::infomap
