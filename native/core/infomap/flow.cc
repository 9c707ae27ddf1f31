#include "infomap/flow.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "infomap/plogp.h"
#include "infomap/visit_rates.h"

namespace infomotion::infomap {
namespace {

enum class End { kSource, kTarget };

// For each node, the sum of value(link) over the links that begin there (or end there, as `end` says). Undirected links
// count at both ends, self-links once.
template <class Value>
std::vector<double> sum_at(End end, const Flow& flow, Value value) {
  std::vector<double> sums(flow.nodes);
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const uint32_t v = flow.targets[i];
      const bool at_source = end == End::kSource || !flow.directed, at_target = end == End::kTarget || !flow.directed;
      if (at_source) sums[u] += value(i);
      if (at_target && !(at_source && u == v)) sums[v] += value(i);
    }
  }
  return sums;
}

std::vector<double> weight_at(End end, const Flow& flow) {
  return sum_at(end, flow, [&](std::size_t i) { return flow.link_flow[i]; });
}

std::vector<double> links_at(End end, const Flow& flow) {
  return sum_at(end, flow, [](std::size_t) { return 1.0; });
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (double value : values) total += value;
  return total;
}

// The weight at either end of the links of each node, self-links once: where the undirected walk is.
std::vector<double> strength(const Flow& flow) {
  std::vector<double> sums(flow.nodes);
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      sums[u] += flow.link_flow[i];
      if (flow.targets[i] != u) sums[flow.targets[i]] += flow.link_flow[i];
    }
  }
  return sums;
}

Teleportation pagerank_teleportation(const WalkOptions& options, const Flow& flow, const std::vector<double>& out) {
  Teleportation teleportation;
  teleportation.rate.resize(flow.nodes);
  for (uint32_t u = 0; u < flow.nodes; ++u) teleportation.rate[u] = out[u] > 0 ? options.teleportation : 1;
  std::vector<double>& landing = teleportation.landing;
  const std::vector<double>& given = options.node_weights;
  if (options.to_nodes && !(sum(given) > 0)) landing.assign(flow.nodes, 1);
  else if (options.to_nodes) landing = given;
  else landing = options.recorded ? weight_at(End::kTarget, flow) : out;
  const double total = sum(landing);
  for (double& v : landing) v /= total;
  if (options.teleportation == 0) teleportation.start = strength(flow);
  return teleportation;
}

// A priori node i links to j with weight g_ij = strength (ln N / N) u_i v_j / <w> (without self-links: ln N / (N - 1), and g_ii = 0): u_i and v_j the mean weights of i's
// out-links and j's in-links (of a node without in-links: the least of the others'), <w> the mean of all links. The
// walker's step is the posterior mean (w_ij + g_ij) / sum_j (w_ij + g_ij). As g is a product, that is teleportation.
Teleportation prior_teleportation(const WalkOptions& options, const Flow& flow, const std::vector<double>& out) {
  const uint32_t n = flow.nodes;
  const std::vector<double> out_links = links_at(End::kSource, flow), in_links = links_at(End::kTarget, flow);
  Teleportation teleportation;
  teleportation.rate.assign(n, 1);
  std::vector<double>& landing = teleportation.landing;
  landing = weight_at(End::kTarget, flow);
  double least = 0;
  for (uint32_t u = 0; u < n; ++u) {
    if (in_links[u] == 0) continue;
    landing[u] /= in_links[u];
    if (least == 0 || landing[u] < least) least = landing[u];
  }
  for (uint32_t u = 0; u < n; ++u)
    if (in_links[u] == 0) landing[u] = least;
  const double total = sum(landing), mean_weight = sum(out) / sum(out_links);
  const double others = options.self_links ? n : n - 1;
  const double scale =
      std::fmin(options.regularization, 1e60) * std::log(static_cast<double>(n)) / others / mean_weight;
  teleportation.prior = scale * total * total;
  for (uint32_t u = 0; u < n; ++u) {
    landing[u] /= total;
    if (out_links[u] == 0) continue;
    const double prior = scale * out[u] / out_links[u] * total;
    teleportation.rate[u] = 1 / (1 + out[u] / prior);
  }
  return teleportation;
}

// Takes the prior's steps from a node to itself out of the walk: where there are no self-links the prior has none either. A walk that
// does not see these steps is at each node as often as the other, less them; what leads to others keeps its proportions.
void drop_own_steps(Flow& flow) {
  double total = 0;
  for (uint32_t u = 0; u < flow.nodes; ++u) total += flow.node_flow[u] -= flow.teleported[u] * flow.landing[u];
  for (auto* flows : {&flow.node_flow, &flow.teleported, &flow.link_flow})
    for (double& value : *flows) value /= total;
}

runtime::Status directed_flow(const WalkOptions& options, const runtime::Cancel& cancel, Flow& flow) {
  const std::vector<double> out = weight_at(End::kSource, flow);
  const bool prior = options.regularization > 0;
  Teleportation teleportation =
      prior ? prior_teleportation(options, flow, out) : pagerank_teleportation(options, flow, out);
  const uint32_t n = flow.nodes;
  for (uint32_t u = 0; u < n; ++u)
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) flow.link_flow[i] /= out[u];
  std::vector<double> rates;
  runtime::Status status = visit_rates(flow, flow.link_flow, teleportation, cancel, rates);
  if (!status.ok()) return status;
  if (prior || options.recorded) {
    flow.teleported.resize(n);
    for (uint32_t u = 0; u < n; ++u) {
      flow.teleported[u] = teleportation.rate[u] * rates[u];
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
        flow.link_flow[i] *= (1 - teleportation.rate[u]) * rates[u];
    }
    flow.landing = std::move(teleportation.landing);
    flow.node_flow = std::move(rates);
    if (prior && !options.self_links) drop_own_steps(flow);
    return {};
  }
  // The last step, along links only: flow(i->j) = q_i (w_ij / out_i) / (1 - D), D being the rate at nodes without
  // out-links. If the walker is at no others, nothing flows.
  double linked = 0;
  for (uint32_t u = 0; u < n; ++u)
    if (out[u] > 0) linked += rates[u];
  for (uint32_t u = 0; u < n && linked > 0; ++u) {
    const double leaving = rates[u] / linked;
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      flow.link_flow[i] *= leaving;
      flow.node_flow[flow.targets[i]] += flow.link_flow[i];
    }
  }
  return {};
}

// The walk is reversible, so flow is proportional to weight, including the weight of the prior's links.
void undirected_flow(const WalkOptions& options, Flow& flow) {
  double total = flow.weight;
  flow.node_flow = weight_at(End::kSource, flow);
  const bool prior = options.regularization > 0;
  if (prior) {
    Teleportation teleportation = prior_teleportation(options, flow, flow.node_flow);
    flow.landing = std::move(teleportation.landing);
    flow.teleported.resize(flow.nodes);
    for (uint32_t u = 0; u < flow.nodes; ++u) {
      flow.teleported[u] = teleportation.prior * flow.landing[u];
      flow.node_flow[u] += flow.teleported[u];
      total += flow.teleported[u];
    }
  }
  for (auto* flows : {&flow.node_flow, &flow.teleported, &flow.link_flow})
    for (double& value : *flows) value /= total;
  if (prior && !options.self_links) drop_own_steps(flow);
}

// Drops the links i from u for which absent(u, i) is true.
template <class Absent>
void drop_links(Links& links, Absent absent) {
  std::size_t write = 0, begin = 0;
  for (uint32_t u = 0; u < links.nodes; ++u) {
    const std::size_t end = links.offsets[u + 1];
    for (std::size_t i = begin; i < end; ++i) {
      if (absent(u, i)) continue;
      links.targets[write] = links.targets[i];
      links.weights[write++] = links.weights[i];
    }
    links.offsets[u + 1] = write;
    begin = end;
  }
  links.targets.resize(write);
  links.weights.resize(write);
}

// Scales the weights so that no sum, product or quotient of a few of them leaves the range of a double: unless the
// largest is moderate it becomes about 1, by a power of 2, which is exact. Links 2^800 times lighter than that are
// dropped, since the walker would never follow them. Returns the binary exponent of the scale.
int scale_weights(Links& links) {
  if (links.weights.empty()) return 0;
  constexpr int kModerate = 200, kLightest = -800;
  const auto [lightest, heaviest] = std::minmax_element(links.weights.begin(), links.weights.end());
  const double light = *lightest, heavy = *heaviest;
  int scale = std::ilogb(heavy);
  const bool dropping = light < std::ldexp(heavy, kLightest) || std::fpclassify(light) == FP_SUBNORMAL;
  if (std::abs(scale) <= kModerate) scale = 0;
  else
    for (double& weight : links.weights) weight = std::ldexp(weight, -scale);
  const double limit = std::ldexp(heavy, kLightest - scale);
  if (dropping) drop_links(links, [&](uint32_t, std::size_t i) { return links.weights[i] < limit; });
  return scale;
}

// Visit rates in proportion to the nodes' weights.
void given_visits(const WalkOptions& options, Flow& flow) {
  flow.node_flow = options.node_weights.empty() ? std::vector<double>(flow.nodes, 1) : options.node_weights;
  const double total = sum(flow.node_flow);
  for (double& visits : flow.node_flow) visits /= total > 0 ? total : 1;
  if (!flow.recorded() || options.regularization > 0) return;
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    const bool dangling = flow.offsets[u] == flow.offsets[u + 1];
    flow.teleported[u] = (dangling ? 1 : options.teleportation) * flow.node_flow[u];
  }
}

// Without links the walker teleports all the time, if that is described: by a prior, for which all nodes are alike, or to nodes.
void flow_without_links(const WalkOptions& options, Flow& flow) {
  const bool prior = options.regularization > 0;
  if (options.model == FlowModel::kPrecomputed) return given_visits(options, flow);
  if (options.model != FlowModel::kWalk) return;
  if (!prior && !(flow.directed && options.recorded && options.to_nodes)) return;
  flow.node_flow.assign(flow.nodes, 1.0 / flow.nodes);
  if (!prior && !options.node_weights.empty()) {
    const double total = sum(options.node_weights);
    if (total > 0)
      for (uint32_t u = 0; u < flow.nodes; ++u) flow.node_flow[u] = options.node_weights[u] / total;
  }
  flow.teleported = flow.landing = flow.node_flow;
}

// The weights as flow.
void given_flow(const WalkOptions& options, Flow& flow) {
  if (options.model == FlowModel::kPrecomputed) return given_visits(options, flow);
  const double total = sum(flow.link_flow);
  for (double& link : flow.link_flow) link /= total;
  flow.node_flow = weight_at(End::kTarget, flow);
  if (options.model != FlowModel::kRaw && options.bipartite > 0)
    for (double& visits : flow.node_flow) visits /= 2;
}

void vary_markov_time(const WalkOptions& options, Flow& flow) {
  const double min_scale = options.min_scale;
  const bool both_ends = !flow.directed || options.model == FlowModel::kUndirDir;
  std::vector<double> scale(flow.nodes);
  double most = min_scale;
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    scale[u] = std::max(min_scale, flow.node_flow[u] > 0 ? log2_portable(flow.node_flow[u] * flow.ends) : 0);
    most = std::max(most, scale[u]);
  }
  for (uint32_t u = 0; u < flow.nodes; ++u)
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
      flow.link_flow[i] *= most / (both_ends ? std::max(scale[u], scale[flow.targets[i]]) : scale[u]);
}

// Nodes with links from `second` on are only passed: the others are visited as often as they are themselves and as often as the walker
// comes from or goes to the second kind along their links. All steps take half the time. Teleportation that is described starts and
// lands where visits are left: by a prior (`prior`) as often as before, else at the same share of the visits.
runtime::Status count_two_steps_as_one(uint32_t second, bool prior, Flow& flow) {
  std::vector<double> before = flow.node_flow;
  std::vector<uint8_t> passed(flow.nodes);
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const bool ahead = u < second;
      passed[ahead ? flow.targets[i] : u] = 1;
      flow.node_flow[ahead ? u : flow.targets[i]] += flow.directed ? flow.link_flow[i] : 2 * flow.link_flow[i];
    }
  }
  double total = 0, landing = 0;
  for (uint32_t u = 0; u < flow.nodes; ++u) total += passed[u] != 0 ? flow.node_flow[u] = 0 : flow.node_flow[u];
  if (!(total > 0)) {
    return runtime::Status::error(
        "INVALID_ARGUMENT",
        "Expected a walk that comes to nodes of the first kind, but all links lead away from them and where "
        "teleportation lands no link leads back; leave out recordedTeleportation, or directed.");
  }
  for (double& visits : flow.node_flow) visits /= total;
  for (double& link : flow.link_flow) link *= 2;
  if (!flow.recorded()) return {};
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    if (passed[u] != 0) flow.teleported[u] = 0;
    else if (!prior && before[u] > 0) flow.teleported[u] *= flow.node_flow[u] / before[u];
    landing += passed[u] != 0 ? flow.landing[u] = 0 : flow.landing[u];
  }
  for (double& share : flow.landing) share /= landing > 0 ? landing : 1;
  return {};
}

}  // namespace

runtime::Status compute_flow(Links links, const WalkOptions& options, const runtime::Cancel& cancel, Flow& flow) {
  if (!options.self_links) drop_links(links, [&](uint32_t u, std::size_t i) { return links.targets[i] == u; });
  const int scale = scale_weights(links);
  flow.nodes = links.nodes;
  flow.directed = links.directed;
  flow.offsets = std::move(links.offsets);
  flow.targets = std::move(links.targets);
  flow.link_flow = std::move(links.weights);
  flow.node_flow.assign(flow.nodes, 0);
  for (uint32_t u = 0; u < flow.nodes; ++u)
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const int ends = flow.targets[i] == u ? 1 : 2;
      flow.ends += ends;
      flow.weight += ends * flow.link_flow[i];
    }
  if (flow.weight == 0) {
    flow_without_links(options, flow);
    if (options.node_weights_as_flow) given_visits(options, flow);
    return {};
  }
  if (options.model != FlowModel::kWalk) {
    given_flow(options, flow);
    if (options.model == FlowModel::kPrecomputed)
      for (double& link : flow.link_flow) link = std::ldexp(link, scale);
  } else if (flow.directed) {
    runtime::Status status = directed_flow(options, cancel, flow);
    if (!status.ok()) return status;
  } else {
    undirected_flow(options, flow);
  }
  flow.weight = std::ldexp(flow.weight, scale);
  if (options.bipartite > 0) {
    runtime::Status status = count_two_steps_as_one(options.bipartite, options.regularization > 0, flow);
    if (!status.ok()) return status;
  }
  if (options.node_weights_as_flow) given_visits(options, flow);
  if (options.variable_markov_time) vary_markov_time(options, flow);
  // A step along a link between modules happens markov_time times per step that is described; visit rates and teleportation do not
  // change.
  if (options.markov_time != 1)
    for (double& link : flow.link_flow) link *= options.markov_time;
  return {};
}

}  // namespace infomotion::infomap
