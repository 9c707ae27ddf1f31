// The inner loop of the search: moves the units of a graph, or of a part of it, one by one between modules.
//
// These are the "fast local moves" of V. A. Traag, L. Waltman, N. J. van Eck, "From Louvain to Leiden", Sci. Rep. 9,
// 5233 (2019): each unit moves to the neighbouring module (or an empty one) where it gains most, and the units whose
// neighbourhood has changed are queued again. The queue holds blocks of consecutive units; the order of the blocks, and
// of the units in a block, is random. That is random enough for the search, and local enough for the caches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "infomap/flow_graph.h"
#include "infomap/objective.h"
#include "runtime/cancel.h"
#include "runtime/random.h"
#include "runtime/thread_pool.h"

namespace infomotion::infomap {

constexpr double kMinMoveGain = 1e-12;  // bits that a move must gain

struct Sweep {
  bool once;  // each unit has one turn; otherwise it has another whenever its neighbourhood changes
  // Modules that get less than this share of the flow that the unit's strongest module gets are skipped.
  double weakest;
};

// The units `first`, `first` + 1, ... of a graph, as many as `units` has. Links to other units are ignored.
template <class Unit>
struct UnitRange {
  const FlowGraph& graph;
  uint32_t first;
  const std::vector<Unit>& units;
};

// One object can serve many calls: it keeps its memory.
template <class Objective>
class LocalMoves {
 public:
  static_assert(is_map_equation_v<Objective>, "objective.h says what an objective must have");
  using Unit = typename Objective::Unit;

  // `modules` holds the module of each unit, a number below the number of units; `objective` has been started with
  // these modules. If there are many units, `threads` threads first find those that would move as things stand, and
  // only these are queued.
  void run(const UnitRange<Unit>& part, const Sweep& sweep, uint32_t threads, runtime::Random& random,
           const runtime::Cancel& cancel, Objective& objective, uint32_t* modules) {
    const FlowGraph& graph = part.graph;
    const uint32_t first = part.first, n = static_cast<uint32_t>(part.units.size());
    prepare(part, modules);
    fill_queue(n, random);
    uint32_t waiting = n, head = 0;
    if (!sweep.once && n >= kLarge) waiting = keep_movers(part, sweep.weakest, threads, objective, modules);
    uint32_t tail = waiting == n ? 0 : waiting;
    for (uint64_t turns = 0; waiting > 0; ++turns) {
      if ((turns & 1023) == 0 && cancel.requested()) break;
      const uint32_t u = queue_[head];
      head = head + 1 == n ? 0 : head + 1;
      prefetch(part, head);
      --waiting;
      queued_[u] = 0;
      const uint32_t from = modules[u];
      const Choice choice = choose(part, u, sweep.weakest, objective, modules, candidates_);
      const uint32_t best = choice.to;
      if (best == from) continue;

      objective.move(part.units[u], from, choice.flow_from, best, choice.flow_to);
      modules[u] = best;
      if (size_[best]++ == 0) empty_.pop_back();
      if (--size_[from] == 0) empty_.push_back(from);
      if (sweep.once) continue;
      for (std::size_t i = graph.offsets[first + u]; i < graph.offsets[first + u + 1]; ++i) {
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
  static constexpr uint32_t kBlock = 1024, kLarge = 1 << 17;

  // The modules that a unit has flow to. Each thread has its own copy.
  struct Candidates {
    std::vector<double> flow_to;    // from the unit whose turn it is, by module; all 0 between turns
    std::vector<uint32_t> modules;  // those with flow_to > 0
    void fit(std::size_t units, std::size_t most_links) {
      if (flow_to.size() < units) flow_to.resize(units);
      // One more for an empty module, and one for the entry that choose() writes but does not count.
      if (modules.size() < most_links + 2) modules.resize(most_links + 2);
    }
  };

  // The best place for a unit, and its flow to where it is and there.
  struct Choice {
    uint32_t to;
    double flow_from, flow_to;
  };

  // Prefetches the links of a unit whose turn comes soon: units that are neighbours in the queue are none in memory.
  void prefetch(const UnitRange<Unit>& part, uint32_t head) const {
    const uint32_t n = static_cast<uint32_t>(part.units.size());
    const uint32_t u = queue_[std::min(head + 3, n - 1)];
    const std::size_t i = part.graph.offsets[part.first + u];
    prefetch_lines(part.graph.neighbours.data() + i, 2);
    prefetch_lines(part.graph.flow.data() + i, 3);
    __builtin_prefetch(&part.units[u]);
  }

  // Counted in addresses: these lines may lie beyond the array's end (or the array be empty, its address null), where a
  // pointer may not be moved to, though a prefetch may.
  static void prefetch_lines(const void* first, std::uintptr_t lines) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(first);
    for (std::uintptr_t line = 0; line < lines; ++line)
      // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing is read through it
      __builtin_prefetch(reinterpret_cast<const void*>(address + 64 * line));
  }

  Choice choose(const UnitRange<Unit>& part, uint32_t u, double weakest, const Objective& objective,
                const uint32_t* modules, Candidates& candidates) const {
    const FlowGraph& graph = part.graph;
    const uint32_t first = part.first, n = static_cast<uint32_t>(part.units.size()), from = modules[u];
    // Whether a module is new is not a branch: it would be mispredicted half the time.
    uint32_t* const found = candidates.modules.data();
    double* const flow_to = candidates.flow_to.data();
    const uint32_t* const neighbours = graph.neighbours.data();
    const double* const flows = graph.flow.data();
    const std::size_t end = graph.offsets[first + u + 1];
    uint32_t count = 0;
    for (std::size_t i = graph.offsets[first + u]; i < end; ++i) {
      const uint32_t v = neighbours[i] - first;
      if (v >= n) continue;
      const uint32_t m = modules[v];
      const double before = flow_to[m];
      found[count] = m;
      count += !(before > 0);
      flow_to[m] = before + flows[i];
    }
    const double flow_from = flow_to[from];
    flow_to[from] = 0;
    count = drop_weak(count, flow_from, weakest, found, flow_to);
    if (size_[from] > 1) found[count++] = empty_.back();

    Choice best{from, flow_from, 0};
    double best_delta = -kMinMoveGain;
    const Unit& unit = part.units[u];
    const auto departure = objective.leave(unit, from, flow_from);
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t m = found[k];
      const double flow = flow_to[m], delta = objective.delta(unit, departure, m, flow);
      flow_to[m] = 0;
      const bool better = delta < best_delta && m != from;
      best.to = better ? m : best.to;
      best_delta = better ? delta : best_delta;
      best.flow_to = better ? flow : best.flow_to;
    }
    return best;
  }

  // Drops the modules that Sweep::weakest says to skip; returns how many remain.
  static uint32_t drop_weak(uint32_t count, double flow_from, double weakest, uint32_t* found, double* flow_to) {
    double most = flow_from;
    for (uint32_t k = 0; k < count; ++k) most = std::max(most, flow_to[found[k]]);
    const double least = weakest * most;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t m = found[k];
      const bool keep = flow_to[m] >= least;
      found[kept] = m;
      kept += keep;
      flow_to[m] = keep ? flow_to[m] : 0;
    }
    return kept;
  }

  // Keeps only the units in the queue that would move as things stand; returns how many.
  uint32_t keep_movers(const UnitRange<Unit>& part, double weakest, uint32_t threads, const Objective& objective,
                       const uint32_t* modules) {
    const uint32_t n = static_cast<uint32_t>(part.units.size());
    const uint32_t jobs = threads > 1 ? 4 * threads : 1;
    runtime::parallel_for(jobs, threads, [&](std::size_t job) {
      Candidates candidates;
      candidates.fit(n, candidates_.modules.size());
      for (auto u = static_cast<uint32_t>(uint64_t{n} * job / jobs); u < uint64_t{n} * (job + 1) / jobs; ++u)
        queued_[u] = choose(part, u, weakest, objective, modules, candidates).to != modules[u];
    });
    const auto end = std::remove_if(queue_.begin(), queue_.end(), [&](uint32_t u) { return queued_[u] == 0; });
    return static_cast<uint32_t>(end - queue_.begin());
  }

  void prepare(const UnitRange<Unit>& part, const uint32_t* modules) {
    const uint32_t n = static_cast<uint32_t>(part.units.size());
    std::size_t most = 0;
    for (uint32_t u = part.first; u < part.first + n; ++u)
      most = std::max(most, part.graph.offsets[u + 1] - part.graph.offsets[u]);
    candidates_.fit(n, most);
    size_.assign(n, 0);
    for (uint32_t u = 0; u < n; ++u) ++size_[modules[u]];
    empty_.clear();
    for (uint32_t m = n; m-- > 0;)
      if (size_[m] == 0) empty_.push_back(m);
    queued_.assign(n, 1);
  }

  void fill_queue(uint32_t n, runtime::Random& random) {
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

  std::vector<uint32_t> queue_, blocks_;  // the queue is a ring
  std::vector<uint8_t> queued_;
  std::vector<uint32_t> size_, empty_;  // the number of units in each module, and the modules that have none
  Candidates candidates_;
};

}  // namespace infomotion::infomap
