#include "infomap/component_rates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "infomap/components.h"
#include "infomap/elimination.h"

namespace infomotion::infomap {
namespace {

constexpr double kPrecision = 1e-12;    // of the visits, in sum
constexpr double kLeastChange = 2e-15;  // rounding errors: no pass changes less

// The chain of one component, by rows; and by columns, which passes need.
struct Component {
  Chain chain;
  std::vector<std::size_t> in_offsets;
  std::vector<uint32_t> sources;
  std::vector<double> arriving_steps;

  void add_columns() {
    const uint32_t n = chain.states;
    in_offsets.assign(n + std::size_t{1}, 0);
    for (const uint32_t v : chain.targets) ++in_offsets[v + std::size_t{1}];
    for (uint32_t v = 0; v < n; ++v) in_offsets[v + 1] += in_offsets[v];
    std::vector<std::size_t> place(in_offsets.begin(), in_offsets.end() - 1);
    sources.resize(chain.targets.size());
    arriving_steps.resize(chain.targets.size());
    for (uint32_t u = 0; u < n; ++u) {
      for (std::size_t i = chain.offsets[u]; i < chain.offsets[u + 1]; ++i) {
        const std::size_t at = place[chain.targets[i]]++;
        sources[at] = u;
        arriving_steps[at] = chain.steps[i];
      }
    }
  }
};

// Passes over all states, each set from the others. After each pass all visits are scaled: as often as the component is entered it is
// left. So the slowest of all changes, that of the sum, never has to die out. The rest is given up when at the pace of the last passes
// it would take more than `most`.
bool settle(const Component& component, int most, const runtime::Cancel& cancel, std::vector<double>& visits) {
  const Chain& chain = component.chain;
  const uint32_t n = chain.states;
  std::vector<double> leave(n);  // 1 - p_jj
  double arriving = 0, least_leaving = 1;
  for (uint32_t u = 0; u < n; ++u) {
    leave[u] = chain.leaving[u];
    for (std::size_t i = chain.offsets[u]; i < chain.offsets[u + 1]; ++i) leave[u] += chain.steps[i];
    arriving += chain.arriving[u];
    least_leaving = std::min(least_leaving, chain.leaving[u]);
  }
  visits.assign(n, 1.0 / n);
  double changes[8] = {};  // of the last passes
  int stalled = 0;
  for (int pass = 1; pass <= most; ++pass) {
    if (cancel.requested()) return false;
    double sum = 0, leaving = 0, change = 0;
    for (uint32_t v = 0; v < n; ++v) {
      double value = chain.closed ? 0 : chain.arriving[v];
      for (std::size_t i = component.in_offsets[v]; i < component.in_offsets[v + 1]; ++i)
        value += component.arriving_steps[i] * visits[component.sources[i]];
      // Part of the old value is kept, so that periodic chains come to rest.
      value = 0.95 * value / leave[v] + 0.05 * visits[v];
      change += std::fabs(value - visits[v]);
      visits[v] = value;
      sum += value;
      leaving += value * chain.leaving[v];
    }
    const double scale = chain.closed ? 1 / sum : arriving / leaving;
    for (double& value : visits) value *= scale;
    change /= sum;
    if (chain.closed || std::fabs(scale - 1) < 1e-3) {
      // What is still to come: by the pace of the passes, and by the bound of visit_rates.cc.
      const double fall = pass > 8 ? std::pow(std::min(change / changes[pass % 8], 1.0), 1.0 / 8) : 1;
      const double by_pace = fall < 1 ? change * fall / (1 - fall) : HUGE_VAL;
      const double by_bound = least_leaving > 0 ? change / least_leaving : HUGE_VAL;
      stalled = change <= kLeastChange ? stalled + 1 : 0;
      if (by_bound <= kPrecision || (pass > 50 && by_pace <= kPrecision / 10) || stalled >= 10) return true;
    }
    changes[pass % 8] = change;
  }
  return false;
}

// What becomes of walks until they teleport.
struct Walks {
  std::vector<double> visits;  // to each node; in a component that is never left: the shares of its nodes
  std::vector<double> ended;   // how many walks end in each component
  double teleported = 0;       // how many teleport; not known where none ends
  bool ends = false;
};

// Walks that start as often at each node as `arriving` says.
runtime::Status walk(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                     const Components& parts, std::vector<double> arriving, const Effort& effort,
                     const runtime::Cancel& cancel, Walks& walks) {
  walks.visits.assign(flow.nodes, 0);
  walks.ended.assign(parts.begin.size(), 0);
  std::vector<double> visits;
  std::vector<uint32_t> state(flow.nodes);
  for (std::size_t c = 0; c + 1 < parts.begin.size(); ++c) {
    const uint32_t* const nodes = parts.nodes.data() + parts.begin[c];
    const uint32_t count = parts.begin[c + 1] - parts.begin[c];
    double enters = 0;
    for (uint32_t k = 0; k < count; ++k) enters += arriving[nodes[k]], state[nodes[k]] = k;
    if (enters == 0) continue;
    Component component;
    Chain& chain = component.chain;
    chain.states = count;
    chain.offsets.push_back(0);
    bool leaves = false;
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t u = nodes[k];
      double leaving = teleportation.rate[u] > 1e-100 ? teleportation.rate[u] : 0;
      const double followed = 1 - leaving;
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
        const uint32_t v = flow.targets[i];
        if (parts.component_of[v] != c) {
          leaving += followed * steps[i];
        } else if (v != u) {
          chain.targets.push_back(state[v]);
          chain.steps.push_back(followed * steps[i]);
        }
      }
      leaves = leaves || leaving > 0;
      chain.leaving.push_back(leaving);
      chain.arriving.push_back(arriving[u]);
      chain.offsets.push_back(chain.targets.size());
    }
    chain.closed = !leaves;
    bool solved = eliminate(chain, effort.few, cancel, visits);
    if (!solved) {
      component.add_columns();
      solved = settle(component, effort.first_passes, cancel, visits) ||
               eliminate(chain, effort.many, cancel, visits) || settle(component, effort.passes, cancel, visits);
    }
    if (cancel.requested()) return runtime::Status::cancelled();
    if (!solved) {
      return runtime::Status::error("FLOW_NOT_CONVERGED",
                                    "Expected visit rates that come to rest, but those of " + std::to_string(count) +
                                        " nodes (node " + std::to_string(nodes[0]) + " is one) still change after " +
                                        std::to_string(effort.passes) +
                                        " passes: the walker hardly ever teleports and takes too long to get around. "
                                        "Let it teleport more often.");
    }
    double sum = 0;
    for (const double visit : visits) sum += visit;
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t u = nodes[k];
      walks.visits[u] = chain.closed ? visits[k] / sum : visits[k];
      if (chain.closed) continue;
      walks.teleported += teleportation.rate[u] * visits[k];
      const double followed = (1 - teleportation.rate[u]) * visits[k];
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
        if (parts.component_of[flow.targets[i]] != c) arriving[flow.targets[i]] += followed * steps[i];
    }
    if (!chain.closed) continue;
    walks.ended[c] = enters;
    walks.ends = true;
  }
  return {};
}

}  // namespace

runtime::Status component_rates(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                                const runtime::Cancel& cancel, std::vector<double>& rates, const Effort& effort) {
  const Components parts = components(flow);
  Walks walks, first;
  runtime::Status status = walk(flow, steps, teleportation, parts, teleportation.landing, effort, cancel, walks);
  if (!status.ok()) return status;
  rates = std::move(walks.visits);
  if (!teleportation.start.empty()) {
    status = walk(flow, steps, teleportation, parts, teleportation.start, effort, cancel, first);
    if (!status.ok()) return status;
  }
  if (!walks.ends && !first.ends) return {};
  // Those that have teleported start again from where they land, until all have ended.
  double landed = 0;
  for (const double walk : walks.ended) landed += walk;
  std::vector<double>& ended = first.ended.empty() ? walks.ended : first.ended;
  if (!first.ended.empty() && landed > 0)
    for (std::size_t c = 0; c < ended.size(); ++c) ended[c] += first.teleported * walks.ended[c] / landed;
  for (uint32_t u = 0; u < flow.nodes; ++u)
    rates[u] = std::max(rates[u], first.visits.empty() ? 0 : first.visits[u]) * ended[parts.component_of[u]];
  return {};
}

}  // namespace infomotion::infomap
