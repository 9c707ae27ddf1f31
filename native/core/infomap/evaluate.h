// The codelength of given modules, from the plain formulas and the directed flow of the links. It shares no code with
// the incremental objectives, so that it can check their results.
//
// A codebook holds a word for each child of its module, a node at its visit rate p or a module at its enter rate q,
// and one for leaving the module at rate x; it costs the total rate of its words times their entropy, in bits per step.
// The sum over all modules m, y being the rates of the children (for the root x = 0, and its codebook is the index):
//
//   L = sum_m plogp(x_m + sum y) - plogp(x_m) - sum plogp(y)
//
// M. Rosvall and C. T. Bergstrom, "Multilevel compression of random walks on networks reveals hierarchical
// organization in large integrated systems", PLoS ONE 6, e18209 (2011).
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"
#include "runtime/status.h"

namespace infomotion::infomap {

// A level of modules, each inside one of the level above. A module that is the only one inside its parent is that
// parent itself, which goes on down to the levels where others are split further: it has one codebook.
struct Level {
  std::vector<uint32_t> modules;  // of each node
  std::vector<uint32_t> parents;  // of each module; empty at the top
  std::vector<double> flow, enter, exit;
};
using Hierarchy = std::vector<Level>;  // from the top to the finest; at least one

// An entropy estimated from few observations is too low, by (words - 1) / (2 observations ln 2) bits for each codebook:
// G. A. Miller, "Note on the bias of information estimates" (1955); it is also the leading term of P. Grassberger's
// estimator (arXiv:physics/0307138). The observations are the links, at both ends: their number or, if that
// is more, their weight. Words of nodes and modules without flow count as well. This is the
// correction for one more word.
double word_correction(const Flow& flow, double strength);

struct Codelength {
  double total = 0;              // bits per step
  double one_level = 0;          // all nodes in one module: the entropy of the node flow
  std::vector<double> by_level;  // the index codebook, then the codebooks of each level of modules (once each)
};

// Renumbers modules, whatever their numbers, to 0, 1, ... in the order of their first nodes; returns how many.
uint32_t number_modules(std::vector<uint32_t>& modules);

// `levels`: from the top, the module of each node, numbers without gaps. Fails with INVALID_ARGUMENT, naming the node,
// where a module lies in two of the level above. `correction`: bits for each word (see word_correction).
runtime::Status make_hierarchy(const Flow& flow, std::vector<std::vector<uint32_t>> levels, Hierarchy& hierarchy);
Codelength evaluate(const Flow& flow, const Hierarchy& hierarchy, double correction);

}  // namespace infomotion::infomap
