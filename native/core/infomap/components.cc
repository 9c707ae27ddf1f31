#include "infomap/components.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::infomap {

// R. E. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1, 146 (1972), without recursion. It finds a
// component after all that can be reached from it.
Components components(const Flow& flow) {
  struct Visit {
    uint32_t node;
    std::size_t link;  // the next one to follow
  };
  constexpr uint32_t kNone = UINT32_MAX;
  const uint32_t n = flow.nodes;
  Components found;
  found.component_of.assign(n, kNone);
  std::vector<uint32_t> number(n, kNone), lowest(n), open, last_first;
  std::vector<uint32_t> sizes;
  std::vector<Visit> path;
  uint32_t numbered = 0;
  for (uint32_t root = 0; root < n; ++root) {
    if (number[root] != kNone) continue;
    path.push_back({root, flow.offsets[root]});
    while (!path.empty()) {
      Visit& visit = path.back();
      const uint32_t u = visit.node;
      if (number[u] == kNone) {
        number[u] = lowest[u] = numbered++;
        open.push_back(u);
      }
      if (visit.link < flow.offsets[u + 1]) {
        const uint32_t v = flow.targets[visit.link++];
        if (number[v] == kNone) path.push_back({v, flow.offsets[v]});
        else if (found.component_of[v] == kNone) lowest[u] = std::min(lowest[u], number[v]);
        continue;
      }
      path.pop_back();
      if (!path.empty()) lowest[path.back().node] = std::min(lowest[path.back().node], lowest[u]);
      if (lowest[u] != number[u]) continue;
      const std::size_t before = last_first.size();
      for (uint32_t v = kNone; v != u;) {
        v = open.back();
        open.pop_back();
        found.component_of[v] = static_cast<uint32_t>(sizes.size());
        last_first.push_back(v);
      }
      sizes.push_back(static_cast<uint32_t>(last_first.size() - before));
    }
  }
  const auto count = static_cast<uint32_t>(sizes.size());
  found.nodes.assign(last_first.rbegin(), last_first.rend());
  found.begin.push_back(0);
  for (uint32_t c = count; c-- > 0;) found.begin.push_back(found.begin.back() + sizes[c]);
  for (uint32_t& c : found.component_of) c = count - 1 - c;
  return found;
}

}  // namespace infomotion::infomap
