// The flow along links between modules, level by level: what maps of modules and .ftree files show.
#pragma once

#include <cstdint>
#include <vector>

#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::infomap {

// Links by ascending source, then target; none from a module to itself. An undirected one stands once, from the lower
// number, with the flow of both directions.
struct ModuleLinks {
  std::vector<uint32_t> sources, targets;
  std::vector<double> flow;
};

// `levels`: from the top, the module of each node. links[0] are between modules at the top, links[l] between modules of
// level l that lie in one module of level l - 1, and the last between nodes that lie in one module of the finest level.
// Fails with INVALID_ARGUMENT, naming the node, where a module's number is not below that of nodes.
runtime::Status module_links(const Flow& flow, const std::vector<std::vector<uint32_t>>& levels,
                             const runtime::Cancel& cancel, std::vector<ModuleLinks>& links);

}  // namespace infomotion::infomap
