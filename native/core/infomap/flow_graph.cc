#include "infomap/flow_graph.h"

#include <algorithm>
#include <utility>

#include "runtime/thread_pool.h"

namespace infomotion {
namespace {

constexpr std::size_t kLinksPerJob = 1 << 18;  // fewer are not worth another thread

// Cuts rows into consecutive ranges of about as many links: the first row of each, and the number of rows.
std::vector<uint32_t> ranges(const std::vector<std::size_t>& offsets, uint32_t threads) {
  const auto rows = static_cast<uint32_t>(offsets.size() - 1);
  const std::size_t links = offsets[rows], most = threads > 1 ? 4 * std::size_t{threads} : 1;
  const std::size_t count = std::clamp<std::size_t>(links / kLinksPerJob, 1, most);
  std::vector<uint32_t> bounds{0};
  for (std::size_t k = 1; k < count; ++k) {
    const auto at = std::lower_bound(offsets.begin(), offsets.end(), links / count * k) - offsets.begin();
    bounds.push_back(std::clamp(static_cast<uint32_t>(at), bounds.back(), rows));
  }
  bounds.push_back(rows);
  return bounds;
}

// body(first, end) for each range, in parallel.
template <class Body>
void for_ranges(const std::vector<uint32_t>& bounds, uint32_t threads, const Body& body) {
  parallel_for(bounds.size() - 1, threads, [&](std::size_t k) { body(bounds[k], bounds[k + 1]); });
}

// Where u -> v and v -> u have each left an entry in both rows: makes one of them.
void join_parallel(FlowGraph& graph) {
  std::vector<std::size_t> seen(graph.nodes, SIZE_MAX);
  std::size_t write = 0, read = 0;
  for (uint32_t u = 0; u < graph.nodes; ++u) {
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
}

}  // namespace

FlowGraph make_flow_graph(const Flow& flow, uint32_t threads) {
  const uint32_t n = flow.nodes;
  FlowGraph graph;
  graph.nodes = n;
  std::vector<std::size_t>& offsets = graph.offsets;
  offsets.resize(static_cast<std::size_t>(n) + 1);
  for (uint32_t u = 0; u < n; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      if (flow.targets[i] == u) continue;
      ++offsets[u + 1];
      ++offsets[flow.targets[i] + 1];
    }
  }
  for (uint32_t u = 0; u < n; ++u) offsets[u + 1] += offsets[u];
  graph.neighbours.resize(offsets[n]);
  graph.flow.resize(offsets[n]);
  std::vector<std::size_t> place(offsets.begin(), offsets.end() - 1);
  // Every thread reads all links and fills its own rows.
  for_ranges(ranges(offsets, threads), threads, [&](uint32_t first, uint32_t end) {
    const uint32_t rows = end - first;
    const uint32_t sources = flow.directed ? n : end;  // undirected links stand in the row of their smaller end
    for (uint32_t u = 0; u < sources; ++u) {
      const bool mine = u - first < rows;
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
        const uint32_t v = flow.targets[i];
        if (v == u) continue;
        const double s = flow.directed ? flow.link_flow[i] : 2 * flow.link_flow[i];
        if (mine) {
          graph.neighbours[place[u]] = v;
          graph.flow[place[u]++] = s;
        }
        if (v - first < rows) {
          graph.neighbours[place[v]] = u;
          graph.flow[place[v]++] = s;
        }
      }
    }
  });
  if (flow.directed) join_parallel(graph);
  return graph;
}

std::vector<uint32_t> order_by_neighbourhood(const FlowGraph& graph) {
  constexpr std::size_t kBall = 1 << 14;
  const uint32_t n = graph.nodes;
  std::vector<uint32_t> order;
  order.reserve(n);
  std::vector<uint8_t> taken(n);
  const auto take = [&](uint32_t u) {
    taken[u] = 1;
    order.push_back(u);
  };
  // A free neighbour of what has been taken, the longest taken first; else any free node.
  std::size_t border = 0;
  uint32_t next = 0;
  const auto seed = [&] {
    for (; border < order.size(); ++border) {
      const uint32_t u = order[border];
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
        if (!taken[graph.neighbours[i]]) return graph.neighbours[i];
    }
    while (taken[next]) ++next;
    return next;
  };
  while (order.size() < n) {
    std::size_t head = order.size();
    const std::size_t end = head + kBall;
    take(seed());
    for (; head < order.size() && order.size() < end; ++head) {
      const uint32_t u = order[head];
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
        if (!taken[graph.neighbours[i]]) take(graph.neighbours[i]);
    }
  }
  return order;
}

void permute(const FlowGraph& graph, const std::vector<uint32_t>& order, uint32_t threads, FlowGraph& result) {
  const uint32_t n = graph.nodes;
  std::vector<uint32_t> place(n);
  for (uint32_t k = 0; k < n; ++k) place[order[k]] = k;
  result.nodes = n;
  result.offsets.resize(graph.offsets.size());
  result.neighbours.resize(graph.neighbours.size());
  result.flow.resize(graph.flow.size());
  result.offsets[0] = 0;
  for (uint32_t k = 0; k < n; ++k)
    result.offsets[k + 1] = result.offsets[k] + graph.offsets[order[k] + 1] - graph.offsets[order[k]];
  for_ranges(ranges(result.offsets, threads), threads, [&](uint32_t first, uint32_t end) {
    std::size_t to = result.offsets[first];
    for (uint32_t k = first; k < end; ++k) {
      const uint32_t u = order[k];
      for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i, ++to) {
        result.neighbours[to] = place[graph.neighbours[i]];
        result.flow[to] = graph.flow[i];
      }
    }
  });
}

FlowGraph aggregate(const FlowGraph& graph, const std::vector<uint32_t>& modules, uint32_t count, uint32_t threads) {
  // Members of each module side by side, by counting sort; `links`: theirs, summed up to each module.
  std::vector<uint32_t> first(static_cast<std::size_t>(count) + 1), members(graph.nodes);
  std::vector<std::size_t> links(static_cast<std::size_t>(count) + 1);
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    ++first[modules[u] + 1];
    links[modules[u] + 1] += graph.offsets[u + 1] - graph.offsets[u];
  }
  for (uint32_t m = 0; m < count; ++m) first[m + 1] += first[m], links[m + 1] += links[m];
  std::vector<uint32_t> place(first.begin(), first.end() - 1);
  for (uint32_t u = 0; u < graph.nodes; ++u) members[place[modules[u]]++] = u;

  FlowGraph result;
  result.nodes = count;
  result.offsets.assign(static_cast<std::size_t>(count) + 1, 0);
  // The rows of each range of modules, one behind the other; offsets from the range's start.
  struct Rows {
    std::vector<uint32_t> neighbours;
    std::vector<double> flow;
  };
  const std::vector<uint32_t> bounds = ranges(links, threads);
  std::vector<Rows> parts(bounds.size() - 1);
  parallel_for(parts.size(), threads, [&](std::size_t part) {
    Rows& rows = parts[part];
    std::vector<double> flow_to(count);  // of the module at its turn, by module
    std::vector<uint32_t> near(count + std::size_t{1});
    for (uint32_t m = bounds[part]; m < bounds[part + 1]; ++m) {
      uint32_t found = 0;
      for (uint32_t k = first[m]; k < first[m + 1]; ++k) {
        const uint32_t u = members[k];
        for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i) {
          const uint32_t other = modules[graph.neighbours[i]];
          near[found] = other;
          found += flow_to[other] == 0 && graph.flow[i] > 0;
          flow_to[other] += graph.flow[i];
        }
      }
      for (uint32_t k = 0; k < found; ++k) {
        const uint32_t other = near[k];
        if (other != m) {
          rows.neighbours.push_back(other);
          rows.flow.push_back(flow_to[other]);
        }
        flow_to[other] = 0;
      }
      result.offsets[m + 1] = rows.neighbours.size();
    }
  });
  if (parts.size() == 1) {
    result.neighbours = std::move(parts[0].neighbours);
    result.flow = std::move(parts[0].flow);
    return result;
  }
  for (std::size_t part = 1; part < parts.size(); ++part) {
    const std::size_t before = result.offsets[bounds[part]];
    for (uint32_t m = bounds[part]; m < bounds[part + 1]; ++m) result.offsets[m + 1] += before;
  }
  result.neighbours.resize(result.offsets[count]);
  result.flow.resize(result.offsets[count]);
  parallel_for(parts.size(), threads, [&](std::size_t part) {
    const std::size_t to = result.offsets[bounds[part]];
    std::copy(parts[part].neighbours.begin(), parts[part].neighbours.end(), result.neighbours.begin() + to);
    std::copy(parts[part].flow.begin(), parts[part].flow.end(), result.flow.begin() + to);
  });
  return result;
}

}  // namespace infomotion
