#include "infomap/infomap.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "infomap/map_equation.h"
#include "infomap/optimizer.h"
#include "runtime/random.h"
#include "runtime/thread_pool.h"

namespace infomotion {
namespace {

// To 36 binary places. Values that differ by rounding errors alone are tied, so that trials and modules rank alike
// whatever order sums were taken in.
double rounded(double value) { return std::nearbyint(value * 68719476736.0); }

// Runs the trials; only the best partition so far is kept.
template <class Objective>
Partition best_of_trials(const Flow& flow, const InfomapOptions& options, const Cancel& cancel,
                         std::vector<double>& totals, uint32_t& best_trial) {
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow);
  Partition best;
  std::mutex mutex;
  totals.assign(options.trials, 0);
  parallel_for(options.trials, options.threads, [&](std::size_t i) {
    if (cancel.requested()) return;
    const uint32_t trial = static_cast<uint32_t>(i);
    Partition found = optimize(graph, units, Objective(units), {}, Random(options.seed, {trial}), cancel);
    totals[trial] = found.total;
    if (options.on_trial_done) options.on_trial_done();
    std::lock_guard<std::mutex> lock(mutex);
    const bool first = best.modules.empty();
    const auto rank = [](double total, uint32_t number) { return std::make_pair(rounded(total), number); };
    if (!first && rank(best.total, best_trial) < rank(found.total, trial)) return;
    best = std::move(found);
    best_trial = trial;
  });
  return best;
}

// Numbers modules by falling flow, ties by the smallest node (modules come numbered by their first nodes).
void sort_modules(const Flow& flow, Partition& partition) {
  std::vector<double> module_flow(partition.count);
  for (uint32_t u = 0; u < flow.nodes; ++u) module_flow[partition.modules[u]] += flow.node_flow[u];
  std::vector<uint32_t> order(partition.count), rank(partition.count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return rounded(module_flow[a]) > rounded(module_flow[b]); });
  for (uint32_t r = 0; r < partition.count; ++r) rank[order[r]] = r;
  for (uint32_t& m : partition.modules) m = rank[m];
}

}  // namespace

Status infomap(const Flow& flow, const InfomapOptions& options, const Cancel& cancel, InfomapResult& result) {
  Partition best =
      flow.directed
          ? best_of_trials<MapEquation<false>>(flow, options, cancel, result.trial_codelengths, result.trial)
          : best_of_trials<MapEquation<true>>(flow, options, cancel, result.trial_codelengths, result.trial);
  if (cancel.requested()) return Status::cancelled();
  sort_modules(flow, best);
  result.codelength = evaluate(flow, best.modules, best.count);
  result.modules = std::move(best.modules);
  result.count = best.count;
  return {};
}

}  // namespace infomotion
