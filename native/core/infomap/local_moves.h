// The inner loop of the search: moves the units of a graph, or of a part of it, one by one between modules.
//
// The "fast local moves" of V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden", Sci. Rep. 9, 5233 (2019):
// each unit moves to the neighbouring module (or an empty one) it gains most by; those whose neighbourhood has changed
// have another turn. Units wait in blocks of neighbouring numbers, blocks and units in a block in random order: random
// enough for the search, near enough for caches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/random.h"

namespace infomotion {

constexpr double kSmallestGain = 1e-12;  // a move must gain this much, in bits

struct Sweep {
  bool once;        // each unit has one turn; else as many as it has reason for
  double weakest;   // that fraction
};

// Units `first`, `first` + 1, ... of a graph, as many as there are in `units`. Links to other units are as if absent.
template <class Unit>
struct Part {
  const FlowGraph& graph;
  uint32_t first;
  const std::vector<Unit>& units;
};

// Keeps its memory from one call to the next.
template <class Objective>
class LocalMoves {
 public:
  using Unit = typename Objective::Unit;

  // `modules`: of each unit of the part, below their number; `objective` has been started with them.
  void run(const Part<Unit>& part, const Sweep& sweep, Random& random, const Cancel& cancel, Objective& objective,
           uint32_t* modules) {
    const FlowGraph& graph = part.graph;
    const uint32_t first = part.first, n = static_cast<uint32_t>(part.units.size());
    prepare(part, modules);
    fill_queue(n, random);
    uint32_t waiting = n, head = 0, tail = 0;
    for (uint64_t turns = 0; waiting > 0; ++turns) {
      if ((turns & 1023) == 0 && cancel.requested()) break;
      const uint32_t u = queue_[head];
      head = head + 1 == n ? 0 : head + 1;
      --waiting;
      queued_[u] = 0;
      const Unit& unit = part.units[u];
      const uint32_t from = modules[u];
      const std::size_t begin = graph.offsets[first + u], end = graph.offsets[first + u + 1];

      // The unit's flow to each module near it. No branches on what is new: they would be mispredicted half the time.
      uint32_t count = 0;
      for (std::size_t i = begin; i < end; ++i) {
        const uint32_t v = graph.neighbours[i] - first;
        if (v >= n) continue;
        const uint32_t m = modules[v];
        near_[count] = m;
        count += flow_to_[m] == 0;
        flow_to_[m] += graph.flow[i];
      }
      const double flow_from = flow_to_[from];
      flow_to_[from] = 0;
      count = drop_weak(count, flow_from, sweep.weakest);
      if (size_[from] > 1) near_[count++] = empty_.back();

      uint32_t best = from;
      double best_delta = -kSmallestGain, best_flow = 0;
      const auto departure = objective.leave(unit, from, flow_from);
      for (uint32_t k = 0; k < count; ++k) {
        const uint32_t m = near_[k];
        const double flow = flow_to_[m], delta = objective.delta(unit, departure, m, flow);
        flow_to_[m] = 0;
        const bool better = delta < best_delta && m != from;
        best = better ? m : best;
        best_delta = better ? delta : best_delta;
        best_flow = better ? flow : best_flow;
      }
      if (best == from) continue;

      objective.move(unit, from, flow_from, best, best_flow);
      modules[u] = best;
      if (size_[best]++ == 0) empty_.pop_back();
      if (--size_[from] == 0) empty_.push_back(from);
      if (sweep.once) continue;
      for (std::size_t i = begin; i < end; ++i) {
        const uint32_t v = graph.neighbours[i] - first;
        if (v >= n) continue;
        const bool push = queued_[v] == 0 && modules[v] != best;
        queue_[tail] = push ? v : queue_[tail];
        queued_[v] |= push;
        tail += push;
        tail = tail == n ? 0 : tail;
        waiting += push;
      }
    }
  }

 private:
  static constexpr uint32_t kBlock = 1024;

  uint32_t drop_weak(uint32_t count, double flow_from, double weakest) {
    double most = flow_from;
    for (uint32_t k = 0; k < count; ++k) most = std::max(most, flow_to_[near_[k]]);
    const double least = weakest * most;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t m = near_[k];
      const bool keep = flow_to_[m] >= least;
      near_[kept] = m;
      kept += keep;
      flow_to_[m] = keep ? flow_to_[m] : 0;
    }
    return kept;
  }

  void prepare(const Part<Unit>& part, const uint32_t* modules) {
    const uint32_t n = static_cast<uint32_t>(part.units.size());
    std::size_t most = 0;
    for (uint32_t u = part.first; u < part.first + n; ++u)
      most = std::max(most, part.graph.offsets[u + 1] - part.graph.offsets[u]);
    if (near_.size() < most + 2) near_.resize(most + 2);  // one for an empty module, one written but not counted
    if (flow_to_.size() < n) flow_to_.resize(n);
    size_.assign(n, 0);
    for (uint32_t u = 0; u < n; ++u) ++size_[modules[u]];
    empty_.clear();
    for (uint32_t m = n; m-- > 0;)
      if (size_[m] == 0) empty_.push_back(m);
    queued_.assign(n, 1);
  }

  void fill_queue(uint32_t n, Random& random) {
    queue_.resize(n);
    blocks_.resize((n + kBlock - 1) / kBlock);
    std::iota(blocks_.begin(), blocks_.end(), 0);
    random.shuffle(blocks_.data(), static_cast<uint32_t>(blocks_.size()));
    uint32_t* to = queue_.data();
    for (uint32_t block : blocks_) {
      const uint32_t begin = block * kBlock, count = std::min(kBlock, n - begin);
      std::iota(to, to + count, begin);
      random.shuffle(to, count);
      to += count;
    }
  }

  std::vector<uint32_t> queue_, blocks_;  // the queue: a ring
  std::vector<uint8_t> queued_;
  std::vector<uint32_t> size_, empty_;  // of each module, and those of size 0
  std::vector<double> flow_to_;         // of the unit at its turn, by module; else 0
  std::vector<uint32_t> near_;          // the modules with flow_to_ > 0
};

}  // namespace infomotion
