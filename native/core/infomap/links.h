// The links of a network, checked and put in order: parallel ones summed, rows sorted by target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/status.h"

namespace infomotion::infomap {

// A network as the caller has it: either CSR (`offsets`, nodes + 1 of them) or a list of links (`sources`).
struct LinkView {
  uint32_t nodes = 0;
  std::size_t count = 0;  // length of targets (and of sources and weights)
  const uint32_t* offsets = nullptr;
  const uint32_t* sources = nullptr;
  const uint32_t* targets = nullptr;
  const double* weights = nullptr;  // null: all 1
  uint32_t bipartite = 0;           // every link joins a node below this one and one from there on; 0: any two nodes
};

// CSR of distinct links: row u lists the v of its links u -> v in ascending order. An undirected link u - v stands
// once, in the row of the smaller end.
struct Links {
  uint32_t nodes = 0;
  bool directed = false;
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> weights;
};

// Checks and sorts. Links of weight 0 are ignored. In an undirected list u v and v u are the same link; in an
// undirected CSR every link between two nodes must stand in both rows, with one weight, and counts once (a self-link
// stands once). Fails with INVALID_ARGUMENT, naming the link at fault.
runtime::Status make_links(const LinkView& view, bool directed, Links& links);

}  // namespace infomotion::infomap
