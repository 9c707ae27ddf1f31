#include "infomap/flow.h"

#include <cmath>
#include <utility>

namespace infomotion {
namespace {

void undirected_flow(Flow& flow) {
  double total = 0;
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
      total += (flow.targets[i] == u ? 1 : 2) * flow.link_flow[i];
  }
  if (total == 0) return;
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      flow.link_flow[i] /= total;
      flow.node_flow[u] += flow.link_flow[i];
      if (flow.targets[i] != u) flow.node_flow[flow.targets[i]] += flow.link_flow[i];
    }
  }
}

Status directed_flow(double teleportation, const Cancel& cancel, Flow& flow) {
  const uint32_t n = flow.nodes;
  double total = 0;
  std::vector<double> jump(n);  // v: where teleportation lands, in proportion to out-weight
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) jump[u] += flow.link_flow[i];
    total += jump[u];
  }
  if (total == 0) return {};
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) flow.link_flow[i] /= jump[u];
    jump[u] /= total;
  }
  // q_j = (tau + (1 - tau) D) v_j + (1 - tau) sum_i q_i w_ij / out_i, D the rate at nodes without out-links.
  std::vector<double> rate(jump), next(n);
  double dangling = 0;
  for (int iteration = 0; iteration < 400; ++iteration) {
    if (cancel.requested()) return Status::cancelled();
    dangling = 0;
    for (uint32_t u = 0; u < n; ++u)
      if (jump[u] == 0) dangling += rate[u];
    for (uint32_t u = 0; u < n; ++u) next[u] = (teleportation + (1 - teleportation) * dangling) * jump[u];
    for (uint32_t u = 0; u < n; ++u) {
      const double leaving = (1 - teleportation) * rate[u];
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
        next[flow.targets[i]] += leaving * flow.link_flow[i];
    }
    double sum = 0, change = 0;
    for (uint32_t u = 0; u < n; ++u) sum += next[u];
    for (uint32_t u = 0; u < n; ++u) {
      if (std::fabs(sum - 1) > 1e-10) next[u] /= sum;
      change += std::fabs(next[u] - rate[u]);
    }
    rate.swap(next);
    if (change <= 1e-15 && iteration >= 50) break;
  }
  // The step along links only: flow(i->j) = q_i (w_ij / out_i) / (1 - D).
  dangling = 0;
  for (uint32_t u = 0; u < n; ++u)
    if (jump[u] == 0) dangling += rate[u];
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      flow.link_flow[i] *= rate[u] / (1 - dangling);
      flow.node_flow[flow.targets[i]] += flow.link_flow[i];
    }
  }
  return {};
}

}  // namespace

Status compute_flow(Links links, double teleportation, const Cancel& cancel, Flow& flow) {
  flow.nodes = links.nodes;
  flow.directed = links.directed;
  flow.offsets = std::move(links.offsets);
  flow.targets = std::move(links.targets);
  flow.link_flow = std::move(links.weights);
  flow.node_flow.assign(flow.nodes, 0);
  if (flow.directed) return directed_flow(teleportation, cancel, flow);
  undirected_flow(flow);
  return {};
}

FlowGraph make_flow_graph(const Flow& flow) {
  const uint32_t n = flow.nodes;
  FlowGraph graph;
  graph.nodes = n;
  std::vector<std::size_t> place(static_cast<std::size_t>(n) + 1);
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      if (flow.targets[i] == u) continue;
      ++place[u + 1];
      ++place[flow.targets[i] + 1];
    }
  }
  for (uint32_t u = 0; u < n; ++u) place[u + 1] += place[u];
  graph.offsets = place;
  graph.neighbours.resize(place[n]);
  graph.flow.resize(place[n]);
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const uint32_t v = flow.targets[i];
      if (v == u) continue;
      const double s = flow.directed ? flow.link_flow[i] : 2 * flow.link_flow[i];
      graph.neighbours[place[u]] = v;
      graph.flow[place[u]++] = s;
      graph.neighbours[place[v]] = u;
      graph.flow[place[v]++] = s;
    }
  }
  if (!flow.directed) return graph;
  // u -> v and v -> u have each left an entry in both rows: make one of them.
  std::vector<std::size_t> seen(n, SIZE_MAX);
  std::size_t write = 0, read = 0;
  for (uint32_t u = 0; u < n; ++u) {
    const std::size_t begin = write, end = graph.offsets[u + 1];
    for (; read < end; ++read) {
      const uint32_t v = graph.neighbours[read];
      if (seen[v] != SIZE_MAX && seen[v] >= begin) {
        graph.flow[seen[v]] += graph.flow[read];
      } else {
        seen[v] = write;
        graph.neighbours[write] = v;
        graph.flow[write++] = graph.flow[read];
      }
    }
    graph.offsets[u + 1] = write;
  }
  graph.neighbours.resize(write);
  graph.flow.resize(write);
  return graph;
}

FlowGraph aggregate(const FlowGraph& graph, const std::vector<uint32_t>& modules, uint32_t count) {
  // Members of each module side by side, by counting sort.
  std::vector<uint32_t> first(static_cast<std::size_t>(count) + 1), members(graph.nodes);
  for (uint32_t u = 0; u < graph.nodes; ++u) ++first[modules[u] + 1];
  for (uint32_t m = 0; m < count; ++m) first[m + 1] += first[m];
  std::vector<uint32_t> place(first.begin(), first.end() - 1);
  for (uint32_t u = 0; u < graph.nodes; ++u) members[place[modules[u]]++] = u;

  FlowGraph result;
  result.nodes = count;
  result.offsets.assign(static_cast<std::size_t>(count) + 1, 0);
  std::vector<std::size_t> seen(count, SIZE_MAX);
  for (uint32_t m = 0; m < count; ++m) {
    const std::size_t begin = result.neighbours.size();
    for (uint32_t k = first[m]; k < first[m + 1]; ++k) {
      const uint32_t u = members[k];
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) {
        const uint32_t other = modules[graph.neighbours[i]];
        if (other == m) continue;
        if (seen[other] != SIZE_MAX && seen[other] >= begin) {
          result.flow[seen[other]] += graph.flow[i];
        } else {
          seen[other] = result.neighbours.size();
          result.neighbours.push_back(other);
          result.flow.push_back(graph.flow[i]);
        }
      }
    }
    result.offsets[m + 1] = result.neighbours.size();
  }
  return result;
}

}  // namespace infomotion
