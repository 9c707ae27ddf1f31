// From links to the flow of a random walker: visit rates of nodes and flow along links.
//
// Undirected: the flow along a link is proportional to its weight (the stationary state of the walk).
// Directed: PageRank. If teleportation is not recorded, a last step follows links only, so that teleportation needs no
// code words: R. Lambiotte and M. Rosvall, "Ranking and clustering of nodes in networks with smart
// teleportation", Phys. Rev. E 85, 056107 (2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "infomap/links.h"
#include "runtime/cancel.h"

namespace infomotion::infomap {

// Where the flow comes from.
enum class FlowModel {
  kWalk,       // a walk over the links: along both directions, or PageRank
  kRaw,        // directed: the weights are the flow, in proportion
  kUndirDir,   // as Infomap has them: the same, but a visit counts half in bipartite networks,
  kOutDirDir,  // and the variable Markov time of kUndirDir is that of undirected networks
  kPrecomputed,  // directed: the weights are the flow as they are, and the nodes' weights their visit rates, in proportion
};

struct WalkOptions {
  FlowModel model = FlowModel::kWalk;
  double teleportation = 0.15;  // 0..1; directed networks only
  bool recorded = false;        // the code names teleportation steps too; they land in proportion to in-weight
  bool to_nodes = false;        // teleportation lands on nodes as their weights say, not in proportion to their links'
  std::vector<double> node_weights;  // empty: all 1
  // The strength of a Bayesian prior for networks whose observed links are few and noisy samples: a priori every node
  // may link to every other one. 0: no prior; 1: as in the paper. J. Smiljanic, D. Edler, M. Rosvall, "Mapping flows on
  // sparse networks with missing links", Phys. Rev. E 102, 012302 (2020); weighted and directed: J. Smiljanic, C.
  // Bloecker, D. Edler, M. Rosvall, J. Complex Networks 9, cnab044 (2021).
  double regularization = 0;
  // Steps of the walk per step that is described: above 1 modules are larger, below 1 smaller. M. Kheirkhahzadeh, A.
  // Lancichinetti, M. Rosvall, Phys. Rev. E 93, 032309 (2016); M. T. Schaub, R. Lambiotte, M. Barahona, Phys. Rev. E
  // 86, 026112 (2012).
  double markov_time = 1;
  // Besides, the Markov time of a link is the local one where it starts (undirected: the shorter of both ends'), t_i = max s / s_i with
  // the local scale s_i = max(min_scale, log2 k_i): the entropy of the choice among as many equal links as node i's flow is worth, k_i =
  // p_i times the number of ends of links. So sparse parts of a network are not cut up. D. Edler, J. Smiljanic, A. Holmgren, A. Eriksson,
  // M. Rosvall, "Variable Markov dynamics as a multi-focal lens to map complex networks" (arXiv:2211.04287).
  bool variable_markov_time = false;
  double min_scale = 1;
  bool node_weights_as_flow = false;  // visit rates are the nodes' weights, in proportion
  bool self_links = true;             // false: they are ignored
  // Undirected networks with two kinds of nodes and links between the kinds only: nodes from this number on are of the
  // second kind (0: there is one kind). Two steps of the walk, to the second kind and back, count as one step that is
  // described, so that only nodes of the first kind are visited.
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
  double weight = 0;  // the sum of link weights, counted at both ends (self-links once)
  double ends = 0;    // the number of links, counted so
  bool recorded() const { return !teleported.empty(); }
};

runtime::Status compute_flow(Links links, const WalkOptions& options, const runtime::Cancel& cancel, Flow& flow);

}  // namespace infomotion::infomap
