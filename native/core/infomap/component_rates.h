// Visit rates of a walker that hardly ever teleports, whatever the network: one that no walk crosses soon, one that the walk goes round
// and round, one with dead ends.
#pragma once

#include <vector>

#include "infomap/visit_rates.h"

namespace infomotion::infomap {

// How much is tried.
struct Effort {
  double few = 1e7,
         many = 5e8;  // multiplications of an elimination: tried at once, and where the first passes do not get there
  int first_passes = 600, passes = 20000;
};

// The equations of visit_rates(), up to a factor. Along links the walk goes from one strongly connected component to later ones, so the
// components are solved one after the other, each for how often it is entered: by elimination where that is cheap, else by passes of
// Gauss and Seidel, scaled so that as much leaves as arrives. Where the walker never teleports and never leaves some components, all
// visits are there in the end: each of these gets the share in which walks end there.
//
// Fails with FLOW_NOT_CONVERGED where neither way gets there.
runtime::Status component_rates(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                                const runtime::Cancel& cancel, std::vector<double>& rates, const Effort& effort = {});

}  // namespace infomotion::infomap
