#include "infomap/links.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace infomotion::infomap {
namespace {

struct List {
  std::vector<uint32_t> sources, targets;
  std::vector<double> weights;

  explicit List(std::size_t count) : sources(count), targets(count), weights(count) {}
  std::size_t size() const { return targets.size(); }
  void set(std::size_t i, uint32_t source, uint32_t target, double weight) {
    sources[i] = source;
    targets[i] = target;
    weights[i] = weight;
  }
  void resize(std::size_t count) {
    sources.resize(count);
    targets.resize(count);
    weights.resize(count);
  }
};

std::string name(uint32_t source, uint32_t target) { return std::to_string(source) + " -> " + std::to_string(target); }

runtime::Status invalid(std::string message) { return runtime::Status::error("INVALID_ARGUMENT", std::move(message)); }

// Says what is wrong with a link. `index` is its place in the caller's arrays.
runtime::Status fault(const LinkView& view, std::size_t index, uint32_t source, uint32_t target, double weight) {
  const std::string link = "Link " + std::to_string(index) + " (" + name(source, target) + ")";
  const bool source_outside = source >= view.nodes;
  if (source_outside || target >= view.nodes) {
    return invalid(link + ": " + (source_outside ? "source " : "target ") +
                   std::to_string(source_outside ? source : target) + " is not a node; the network has " +
                   std::to_string(view.nodes) + " nodes, numbered from 0.");
  }
  if (!(weight >= 0) || std::isinf(weight)) {
    return invalid(link + " has weight " + (std::isnan(weight) ? "NaN" : std::to_string(weight)) +
                   "; weights must be finite and not negative.");
  }
  return invalid(link + " joins two nodes of one kind; those of the second kind start at " +
                 std::to_string(view.bipartite) + ".");
}

// Checks each link and calls body(source, target, weight). Each value is read only once, since another thread might
// share the caller's arrays and change them.
template <class Body>
runtime::Status for_links(const LinkView& view, const Body& body) {
  const auto check = [&](std::size_t i, uint32_t source) -> runtime::Status {
    const uint32_t target = view.targets[i];
    const double weight = view.weights ? view.weights[i] : 1.0;
    const bool one_kind = view.bipartite > 0 && (source < view.bipartite) == (target < view.bipartite);
    if (source >= view.nodes || target >= view.nodes || one_kind || !(weight >= 0 && weight < HUGE_VAL))
      return fault(view, i, source, target, weight);
    body(source, target, weight);
    return {};
  };
  if (view.offsets == nullptr) {
    for (std::size_t i = 0; i < view.count; ++i) {
      runtime::Status status = check(i, view.sources[i]);
      if (!status.ok()) return status;
    }
    return {};
  }
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
      runtime::Status status = check(i, u);
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

// Puts links in rows, by source; within a row they keep their order.
Links to_rows(uint32_t nodes, bool directed, List list) {
  Links links;
  links.nodes = nodes;
  links.directed = directed;
  links.offsets.resize(static_cast<std::size_t>(nodes) + 1);
  for (const uint32_t source : list.sources) ++links.offsets[source + std::size_t{1}];
  for (uint32_t u = 0; u < nodes; ++u) links.offsets[u + 1] += links.offsets[u];
  if (std::is_sorted(list.sources.begin(), list.sources.end())) {
    links.targets = std::move(list.targets);
    links.weights = std::move(list.weights);
    return links;
  }
  std::vector<std::size_t> place(links.offsets.begin(), links.offsets.end() - 1);
  links.targets.resize(list.size());
  links.weights.resize(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t at = place[list.sources[i]]++;
    links.targets[at] = list.targets[i];
    links.weights[at] = list.weights[i];
  }
  return links;
}

struct End {
  uint32_t target;
  double weight;
};

// Sorts a row by target; parallel links keep their order. In a short row the place of a link is found by counting the
// links that come before it, which needs no branch that could be mispredicted.
void sort(std::vector<End>& row, std::vector<End>& sorted) {
  constexpr std::size_t kShort = 40;
  const std::size_t count = row.size();
  if (count > kShort) {
    std::stable_sort(row.begin(), row.end(), [](const End& a, const End& b) { return a.target < b.target; });
    return;
  }
  uint32_t targets[kShort];
  for (std::size_t i = 0; i < count; ++i) targets[i] = row[i].target;
  sorted.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    uint32_t place = 0;
    for (std::size_t j = 0; j < i; ++j) place += targets[j] <= targets[i];
    for (std::size_t j = i + 1; j < count; ++j) place += targets[j] < targets[i];
    sorted[place] = row[i];
  }
  row.swap(sorted);
}

// Sorts rows by target, and sums parallel links, in their order.
void sort_rows(Links& links) {
  std::vector<End> row, sorted;
  std::size_t begin = 0, write = 0;
  for (uint32_t u = 0; u < links.nodes; ++u) {
    const std::size_t end = links.offsets[u + 1], first = write;
    bool rising = true;
    for (std::size_t i = begin + 1; i < end; ++i) rising &= links.targets[i - 1] < links.targets[i];
    if (rising && write == begin) {
      begin = write = end;
      continue;
    }
    row.clear();
    for (; begin < end; ++begin) row.push_back({links.targets[begin], links.weights[begin]});
    if (!rising) sort(row, sorted);
    for (const End& link : row) {
      if (write > first && links.targets[write - 1] == link.target) {
        links.weights[write - 1] += link.weight;
      } else {
        links.targets[write] = link.target;
        links.weights[write++] = link.weight;
      }
    }
    links.offsets[u + 1] = write;
  }
  links.targets.resize(write);
  links.weights.resize(write);
}

// Every link u - v between two nodes must stand in both rows: `upper` has it from row u, `lower` from row v (u < v).
runtime::Status check_symmetric(const Links& upper, const Links& lower) {
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

runtime::Status make_links(const LinkView& view, bool directed, Links& links) {
  const bool both_rows = !directed && view.offsets != nullptr;
  List list(view.count), lower(both_rows ? view.count : 0);
  std::size_t count = 0, below = 0;
  double total = 0;
  runtime::Status status = for_links(view, [&](uint32_t source, uint32_t target, double weight) {
    if (weight == 0) return;
    total += 2 * weight;  // as flow counts it
    if (directed || source <= target) list.set(count++, source, target, weight);
    else if (both_rows) lower.set(below++, target, source, weight);
    else list.set(count++, target, source, weight);
  });
  if (!status.ok()) return status;
  if (std::isinf(total)) return invalid("The weights add up to more than a double can hold; scale them down.");
  list.resize(count);
  lower.resize(below);
  links = to_rows(view.nodes, directed, std::move(list));
  sort_rows(links);
  if (!both_rows) return {};
  Links back = to_rows(view.nodes, false, std::move(lower));
  sort_rows(back);
  return check_symmetric(links, back);
}

}  // namespace infomotion::infomap
