// The codelength of a given partition, from the plain formulas and the directed flow of the links: shares no code with
// the incremental objective, whose results it checks.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"

namespace infomotion {

struct Codelength {
  double total = 0;      // bits per step
  double index = 0;      // the part of the index codebook
  double one_level = 0;  // all nodes in one module: the entropy of the node flow
  std::vector<double> module_flow, enter, exit;  // per module
};

// Renumbers modules, whatever their numbers, to 0, 1, ... in the order of their first nodes; returns how many.
uint32_t number_modules(std::vector<uint32_t>& modules);

// `modules`: one a node, each below `count`.
Codelength evaluate(const Flow& flow, const std::vector<uint32_t>& modules, uint32_t count);

}  // namespace infomotion
