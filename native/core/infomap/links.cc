#include "infomap/links.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace infomotion {
namespace {

struct Link {
  uint32_t source, target;
  double weight;
};

std::string name(uint32_t source, uint32_t target) {
  return std::to_string(source) + " -> " + std::to_string(target);
}

Status invalid(std::string message) { return Status::error("INVALID_ARGUMENT", std::move(message)); }

// Checks one link and adds it unless its weight is 0. `index` is its place in the caller's arrays.
Status add(const LinkView& view, std::size_t index, uint32_t source, std::vector<Link>& list) {
  const uint32_t target = view.targets[index];
  const double weight = view.weights ? view.weights[index] : 1.0;
  const bool source_outside = source >= view.nodes;
  if (source_outside || target >= view.nodes) {
    return invalid("Link " + std::to_string(index) + " (" + name(source, target) + "): " +
                   (source_outside ? "source " : "target ") + std::to_string(source_outside ? source : target) +
                   " is not a node; the network has " + std::to_string(view.nodes) + " nodes, numbered from 0.");
  }
  if (view.bipartite > 0 && (source < view.bipartite) == (target < view.bipartite)) {
    return invalid("Link " + std::to_string(index) + " (" + name(source, target) +
                   ") joins two nodes of one kind; those of the second kind start at " + std::to_string(view.bipartite) + ".");
  }
  if (!(weight >= 0) || std::isinf(weight)) {
    return invalid("Link " + std::to_string(index) + " (" + name(source, target) + ") has weight " +
                   (std::isnan(weight) ? "NaN" : std::to_string(weight)) +
                   "; weights must be finite and not negative.");
  }
  if (weight > 0) list.push_back({source, target, weight});
  return {};
}

Status read(const LinkView& view, std::vector<Link>& list) {
  list.reserve(view.count);
  if (view.offsets == nullptr) {
    for (std::size_t i = 0; i < view.count; ++i) {
      Status status = add(view, i, view.sources[i], list);
      if (!status.ok()) return status;
    }
    return {};
  }
  // Each offset is read once: the array may be shared with another thread.
  std::size_t begin = view.offsets[0];
  if (begin != 0) return invalid("offsets[0] is " + std::to_string(begin) + "; it must be 0.");
  for (uint32_t u = 0; u < view.nodes; ++u) {
    const std::size_t end = view.offsets[u + 1];
    if (end < begin || end > view.count) {
      return invalid("offsets[" + std::to_string(u + 1) + "] is " + std::to_string(end) +
                     "; offsets must not fall (the one before is " + std::to_string(begin) +
                     ") nor exceed the number of targets, " + std::to_string(view.count) + ".");
    }
    for (std::size_t i = begin; i < end; ++i) {
      Status status = add(view, i, u, list);
      if (!status.ok()) return status;
    }
    begin = end;
  }
  if (begin != view.count) {
    return invalid("offsets[" + std::to_string(view.nodes) + "] is " + std::to_string(begin) +
                   "; it must be the number of targets, " + std::to_string(view.count) + ".");
  }
  return {};
}

struct End {
  uint32_t target;
  double weight;
};

// By target; parallel links stay in order. Rows are short, or come sorted as a rule.
void sort_row(End* begin, End* end) {
  const auto less = [](const End& a, const End& b) { return a.target < b.target; };
  if (end - begin > 64) {
    if (!std::is_sorted(begin, end, less)) std::stable_sort(begin, end, less);
    return;
  }
  for (End* at = begin; at < end; ++at) {
    const End link = *at;
    End* to = at;
    for (; to > begin && link.target < to[-1].target; --to) *to = to[-1];
    *to = link;
  }
}

Links sum_parallel(uint32_t nodes, bool directed, std::vector<Link> list) {
  Links links;
  links.nodes = nodes;
  links.directed = directed;
  std::vector<std::size_t> place(static_cast<std::size_t>(nodes) + 1);
  for (const Link& link : list) ++place[link.source + 1];
  for (uint32_t u = 0; u < nodes; ++u) place[u + 1] += place[u];
  links.offsets = place;
  std::vector<End> rows(list.size());
  for (const Link& link : list) rows[place[link.source]++] = {link.target, link.weight};
  list = {};
  links.targets.reserve(rows.size());
  links.weights.reserve(rows.size());
  std::size_t begin = 0;
  for (uint32_t u = 0; u < nodes; ++u) {
    const std::size_t end = links.offsets[u + 1], row = links.targets.size();
    sort_row(rows.data() + begin, rows.data() + end);
    for (; begin < end; ++begin) {
      if (links.targets.size() > row && links.targets.back() == rows[begin].target) {
        links.weights.back() += rows[begin].weight;
      } else {
        links.targets.push_back(rows[begin].target);
        links.weights.push_back(rows[begin].weight);
      }
    }
    links.offsets[u + 1] = links.targets.size();
  }
  return links;
}

// Every link u - v between two nodes must stand in both rows: `upper` has it from row u, `lower` from row v (u < v).
Status check_symmetric(const Links& upper, const Links& lower) {
  for (uint32_t u = 0; u < upper.nodes; ++u) {
    std::size_t i = upper.offsets[u], j = lower.offsets[u];
    const std::size_t i_end = upper.offsets[u + 1], j_end = lower.offsets[u + 1];
    if (i < i_end && upper.targets[i] == u) ++i;  // a self-link stands once
    for (; i < i_end || j < j_end; ++i, ++j) {
      const uint32_t a = i < i_end ? upper.targets[i] : UINT32_MAX, b = j < j_end ? lower.targets[j] : UINT32_MAX;
      const uint32_t v = std::min(a, b);
      const double there = a == v ? upper.weights[i] : 0, back = b == v ? lower.weights[j] : 0;
      if (std::fabs(there - back) > 1e-9 * std::max(there, back)) {
        return invalid("The undirected CSR is not symmetric: the link between " + std::to_string(u) + " and " +
                       std::to_string(v) + " has weight " + std::to_string(there) + " in row " + std::to_string(u) +
                       " and " + std::to_string(back) + " in row " + std::to_string(v) +
                       "; put every link in both rows, give a list of links (sources, targets), or say directed.");
      }
    }
  }
  return {};
}

}  // namespace

Status make_links(const LinkView& view, bool directed, Links& links) {
  std::vector<Link> list;
  Status status = read(view, list);
  if (!status.ok()) return status;
  double total = 0;
  for (const Link& link : list) total += 2 * link.weight;  // as flow counts it
  if (std::isinf(total)) return invalid("The weights add up to more than a double can hold; scale them down.");
  std::vector<Link> lower;
  if (!directed) {
    const bool both_rows = view.offsets != nullptr;
    std::size_t kept = 0;
    for (Link link : list) {
      const bool falls = link.source > link.target;
      if (falls) std::swap(link.source, link.target);
      if (falls && both_rows) {
        lower.push_back(link);
      } else {
        list[kept++] = link;
      }
    }
    list.resize(kept);
  }
  links = sum_parallel(view.nodes, directed, std::move(list));
  if (directed || view.offsets == nullptr) return {};
  return check_symmetric(links, sum_parallel(view.nodes, false, std::move(lower)));
}

}  // namespace infomotion
