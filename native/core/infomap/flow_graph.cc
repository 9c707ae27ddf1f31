#include "infomap/flow_graph.h"

#include <algorithm>
#include <utility>

#include "runtime/buffer.h"
#include "runtime/thread_pool.h"

namespace infomotion::infomap {
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
  runtime::parallel_for(bounds.size() - 1, threads, [&](std::size_t k) { body(bounds[k], bounds[k + 1]); });
}

template <class T>
void resize_large(std::vector<T>& values, std::size_t size) {
  values.reserve(size);
  runtime::prefer_huge_pages(values.data(), size * sizeof(T));
  values.resize(size);
}

// The links between different nodes, grouped by blocks of targets and within a block ordered by source: so each thread
// finds the links for its rows, and writes to memory that its cache holds.
class LinksInto {
 public:
  LinksInto(const Flow& flow, uint32_t threads) : flow_(flow) {
    if (blocks() == 1) return;
    // The sources are divided into parts; each writes its links into the blocks, behind those of the parts before it.
    const std::vector<uint32_t> parts = ranges(flow.offsets, threads);
    std::vector<std::size_t> place((parts.size() - 1) * blocks());
    const auto for_part = [&](std::size_t part, const auto& body) {
      for (uint32_t u = parts[part]; u < parts[part + 1]; ++u)
        for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
          if (flow.targets[i] != u) body(place[part * blocks() + flow.targets[i] / kBlock], u, i);
    };
    runtime::parallel_for(parts.size() - 1, threads, [&](std::size_t part) {
      for_part(part, [](std::size_t& count, uint32_t, std::size_t) { ++count; });
    });
    std::size_t total = 0;
    for (std::size_t block = 0; block < blocks(); ++block) {
      begins_.push_back(total);
      for (std::size_t at = block; at < place.size(); at += blocks()) total += std::exchange(place[at], total);
    }
    begins_.push_back(total);
    resize_large(links_, total);
    runtime::parallel_for(parts.size() - 1, threads, [&](std::size_t part) {
      for_part(part, [&](std::size_t& at, uint32_t u, std::size_t i) {
        links_[at++] = {u, flow.targets[i], both_ways() * flow.link_flow[i]};
      });
    });
  }

  std::size_t blocks() const { return flow_.nodes <= kFew ? 1 : (flow_.nodes + std::size_t{kBlock} - 1) / kBlock; }
  uint32_t first(std::size_t block) const {
    return block == blocks() ? flow_.nodes : static_cast<uint32_t>(block * kBlock);
  }

  // An undirected link carries its flow in each direction.
  double both_ways() const { return flow_.directed ? 1 : 2; }

  // body(source, target, flow) for each link into the block.
  template <class Body>
  void visit(std::size_t block, const Body& body) const {
    if (links_.empty()) {
      const double ways = both_ways();
      for (uint32_t u = 0; u < flow_.nodes; ++u)
        for (std::size_t i = flow_.offsets[u], end = flow_.offsets[u + 1]; i < end; ++i)
          if (flow_.targets[i] != u) body(u, flow_.targets[i], ways * flow_.link_flow[i]);
    } else {
      for (std::size_t i = begins_[block]; i < begins_[block + 1]; ++i)
        body(links_[i].source, links_[i].target, links_[i].flow);
    }
  }

 private:
  static constexpr uint32_t kBlock = 1 << 14;
  static constexpr uint32_t kFew = 1 << 17;  // nodes of one block: a cache reaches all of them
  struct Link {
    uint32_t source, target;
    double flow;
  };

  const Flow& flow_;
  std::vector<std::size_t> begins_;  // of each block in `links_`
  std::vector<Link> links_;          // empty: one block only, or none
};

// Where links u -> v and v -> u have both left entries in the rows of u and v, joins them into one.
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
  if (flow.targets.size() < 2 * kLinksPerJob) threads = 1;
  const LinksInto links(flow, threads);
  FlowGraph graph;
  graph.nodes = n;
  std::vector<std::size_t>& offsets = graph.offsets;
  offsets.resize(static_cast<std::size_t>(n) + 1);
  // Each block fills its rows. The order within a row: links from nodes before its own, its own links, links from nodes
  // after.
  runtime::parallel_for(links.blocks(), threads, [&](std::size_t block) {
    for (uint32_t u = links.first(block); u < links.first(block + 1); ++u) {
      const auto row = flow.targets.begin() + flow.offsets[u], end = flow.targets.begin() + flow.offsets[u + 1];
      offsets[u + 1] += (end - row) - std::binary_search(row, end, u);
    }
    links.visit(block, [&](uint32_t, uint32_t v, double) { ++offsets[v + std::size_t{1}]; });
  });
  for (uint32_t u = 0; u < n; ++u) offsets[u + 1] += offsets[u];
  resize_large(graph.neighbours, offsets[n]);
  resize_large(graph.flow, offsets[n]);
  std::vector<std::size_t> place(offsets.begin(), offsets.end() - 1);
  runtime::parallel_for(links.blocks(), threads, [&](std::size_t block) {
    uint32_t* const neighbours = graph.neighbours.data();
    double* const flows = graph.flow.data();
    const auto put = [&](uint32_t row, uint32_t neighbour, double s) {
      const std::size_t at = place[row]++;
      neighbours[at] = neighbour;
      flows[at] = s;
    };
    uint32_t own = links.first(block);
    const auto put_own = [&](uint32_t end) {
      for (; own < end; ++own)
        for (std::size_t i = flow.offsets[own]; i < flow.offsets[own + 1]; ++i)
          if (flow.targets[i] != own) put(own, flow.targets[i], links.both_ways() * flow.link_flow[i]);
    };
    const uint32_t end = links.first(block + 1);
    links.visit(block, [&](uint32_t u, uint32_t v, double s) {
      if (own <= u) put_own(std::min(u + 1, end));
      put(v, u, s);
    });
    put_own(end);
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
  // A free neighbour of the nodes taken so far, the earliest taken first; otherwise any free node.
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
  // Sorts the nodes by module (counting sort); links[m] is the number of links of all modules before m.
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
  runtime::parallel_for(parts.size(), threads, [&](std::size_t part) {
    Rows& rows = parts[part];
    std::vector<double> flow_to(count);  // from the module in hand to each other one
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
  runtime::parallel_for(parts.size(), threads, [&](std::size_t part) {
    const std::size_t to = result.offsets[bounds[part]];
    std::copy(parts[part].neighbours.begin(), parts[part].neighbours.end(), result.neighbours.begin() + to);
    std::copy(parts[part].flow.begin(), parts[part].flow.end(), result.flow.begin() + to);
  });
  return result;
}

}  // namespace infomotion::infomap
