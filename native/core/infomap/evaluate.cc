#include "infomap/evaluate.h"

#include <unordered_map>

#include "infomap/plogp.h"

namespace infomotion {

uint32_t number_modules(std::vector<uint32_t>& modules) {
  std::unordered_map<uint32_t, uint32_t> numbers;
  for (uint32_t& m : modules) m = numbers.emplace(m, static_cast<uint32_t>(numbers.size())).first->second;
  return static_cast<uint32_t>(numbers.size());
}

Codelength evaluate(const Flow& flow, const std::vector<uint32_t>& modules, uint32_t count) {
  Codelength code;
  code.module_flow.assign(count, 0);
  code.enter.assign(count, 0);
  code.exit.assign(count, 0);
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    code.module_flow[modules[u]] += flow.node_flow[u];
    code.one_level -= plogp(flow.node_flow[u]);
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const uint32_t from = modules[u], to = modules[flow.targets[i]];
      if (from == to) continue;
      code.exit[from] += flow.link_flow[i];
      code.enter[to] += flow.link_flow[i];
      if (!flow.directed) {
        code.exit[to] += flow.link_flow[i];
        code.enter[from] += flow.link_flow[i];
      }
    }
  }
  // Index codebook: q H(Q), over the modules entered. Module codebooks: (x_m + p_m) H(P_m), over exit and nodes.
  double entered = 0;
  for (uint32_t m = 0; m < count; ++m) {
    entered += code.enter[m];
    code.index -= plogp(code.enter[m]);
    code.total += plogp(code.exit[m] + code.module_flow[m]) - plogp(code.exit[m]);
  }
  code.index += plogp(entered);
  code.total += code.index + code.one_level;
  return code;
}

}  // namespace infomotion
