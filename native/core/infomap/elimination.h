// The visits to the states of a Markov chain by elimination: exact to a few rounding errors for each state, however slowly the chain
// mixes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/cancel.h"

namespace infomotion::infomap {

// A part of a chain from whose every state every other can be reached. Row i has the probabilities of the steps from state i to
// others of the part, and leaving[i] that of a step out of it; steps to the same state may be left out, and need not be in a sum of
// 1. arriving[i]: how often the part is entered there.
struct Chain {
  uint32_t states = 0;
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> targets;
  std::vector<double> steps, leaving, arriving;
  bool closed = false;  // nothing leaves: visits are then relative to each other only
};

// How often each state is visited: x_j (1 - p_jj) = arriving_j + sum over i != j of x_i p_ij. False where that takes more than
// `most_work` multiplications (or was cancelled).
//
// States are eliminated one by one, those with few neighbours first (minimum degree). No step subtracts, so nothing is lost by
// cancellation: W. K. Grassmann, M. I. Taksar, D. P. Heyman, "Regenerative analysis and steady state distributions for Markov
// chains", Oper. Res. 33, 1107 (1985).
bool eliminate(const Chain& chain, double most_work, const runtime::Cancel& cancel, std::vector<double>& visits);

}  // namespace infomotion::infomap
