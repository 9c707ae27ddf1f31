// The parts of a network from whose every node every other can be reached along links: its strongly connected components.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"

namespace infomotion::infomap {

// Nodes by component: those of component c are nodes[begin[c]] ... nodes[begin[c + 1] - 1]. Components are in such an order that all
// links between them lead to later ones.
struct Components {
  std::vector<uint32_t> nodes, begin, component_of;
};

Components components(const Flow& flow);

}  // namespace infomotion::infomap
