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
  double prior = 0;  // of a prior: the weight of all its links into node v is prior * landing[v]
};

// The stationary rates q_j = sum_i rate_i q_i landing_j + sum_i (1 - rate_i) q_i p_ij, which sum to 1. `steps`: p_ij,
// the probability of each link of `flow`'s rows at a node that follows its links; those of a row sum to 1.
//
// The sum of all errors is at most 1e-13 where every node teleports at 1 % or more of its steps. Elsewhere the rates
// are those after as many steps of the walk as it takes until they no longer change, at most 400 from where
// teleportation lands (where the walk is periodic or has several ends there is no other answer).
runtime::Status visit_rates(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                            const runtime::Cancel& cancel, std::vector<double>& rates);

}  // namespace infomotion::infomap
