// How often a walker that follows links, and teleports now and then, is at each node.
#pragma once

#include <vector>

#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::infomap {

// How the walker teleports: away from node u at `rate[u]` of its steps, to node v with `landing[v]` of them. The rate
// is 1 at nodes without out-links; landing sums to 1.
struct Teleportation {
  std::vector<double> rate, landing;
  // Where the walk starts, which matters if it never teleports and can end in several places. Empty: where it lands.
  std::vector<double> start;
  double prior = 0;  // of a prior: the weight of all its links into node v is prior * landing[v]
};

// The stationary rates q_j = sum_i rate_i q_i landing_j + sum_i (1 - rate_i) q_i p_ij, which sum to 1. `steps`: p_ij,
// the probability of each link of `flow`'s rows at a node that follows its links; those of a row sum to 1.
//
// The sum of all errors is at most 1e-12 or so. Where nodes teleport at less than 1 % of their steps, at none even, the rates are those of
// component_rates.h, in the limit: a walk that never teleports is at each node as often as one that hardly ever does. Fails with
// FLOW_NOT_CONVERGED where they cannot be had in reasonable time.
runtime::Status visit_rates(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                            const runtime::Cancel& cancel, std::vector<double>& rates);

}  // namespace infomotion::infomap
