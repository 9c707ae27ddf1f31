// From links to the flow of a random walker: visit rates of nodes and flow along links.
//
// Undirected: the flow along a link is proportional to its weight (the stationary state of the walk).
// Directed: PageRank. Unless teleportation is recorded, one step along links only follows it, so that teleportation
// costs no code words: R. Lambiotte and M. Rosvall, "Ranking and clustering of nodes in networks with smart
// teleportation", Phys. Rev. E 85, 056107 (2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infomap/links.h"
#include "runtime/cancel.h"

namespace infomotion::infomap {

struct FlowOptions {
  double teleportation = 0.15;  // 0..1; directed networks only
  bool recorded = false;        // the code names teleportation steps too; they land in proportion to in-weight
  bool to_nodes = false;        // teleportation lands on all nodes alike, not in proportion to their links' weight
  // Observed links are few and noisy samples: every node may link to every other one, a priori (0: not so, 1: as in the
  // paper, more: stronger). J. Smiljanic, D. Edler, M. Rosvall, "Mapping flows on sparse networks with missing links",
  // Phys. Rev. E 102, 012302 (2020); weighted and directed: J. Smiljanic, C. Bloecker, D. Edler, M. Rosvall, J. Complex
  // Networks 9, cnab044 (2021).
  double regularization = 0;
  // Steps of the walk for each step described: > 1 larger modules, < 1 smaller ones. M. Kheirkhahzadeh, A. Lancichinetti,
  // M. Rosvall, Phys. Rev. E 93, 032309 (2016); M. T. Schaub, R. Lambiotte, M. Barahona, Phys. Rev. E 86, 026112 (2012).
  double markov_time = 1;
  bool self_links = true;  // false: as if absent
  // Undirected networks of two kinds of nodes, linked across only, those from this one on of the second (0: of one kind).
  // Two steps of the walk, to the second kind and back, are one that is described: only the first kind is visited.
  uint32_t bipartite = 0;
};

struct Flow {
  uint32_t nodes = 0;
  bool directed = false;
  // The rows of Links, with flow in place of weight. An undirected link carries `link_flow` in each direction.
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> link_flow;
  std::vector<double> node_flow;  // sums to 1 (0 if there are no links); 0 for nodes without in-links
  // Recorded teleportation: the flow by which each node teleports, and the share of all such flow that each node
  // receives, itself included. Empty where teleportation is not recorded.
  std::vector<double> teleported, landing;
  double weight = 0;  // the sum of link weights at both ends, a self-link's one end once
  bool recorded() const { return !teleported.empty(); }
};

runtime::Status compute_flow(Links links, const FlowOptions& options, const runtime::Cancel& cancel, Flow& flow);

}  // namespace infomotion::infomap
