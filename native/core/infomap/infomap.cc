#include "infomap/infomap.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "infomap/counted.h"
#include "infomap/map_equation.h"
#include "infomap/optimizer.h"
#include "infomap/recorded_map_equation.h"
#include "runtime/random.h"
#include "runtime/thread_pool.h"

namespace infomotion {
namespace {

// To 36 binary places. Values that differ by rounding errors alone are tied, so that trials and modules rank alike
// whatever order sums were taken in.
double rounded(double value) { return std::nearbyint(value * 68719476736.0); }

// Runs the trials; only the best partition so far is kept.
template <class Objective>
Partition best_of_trials(const Flow& flow, const Objective& objective, const InfomapOptions& options,
                         const Cancel& cancel, InfomapResult& result) {
  const FlowGraph graph = make_flow_graph(flow);
  const auto units = Objective::units(flow);
  const Objective whole = objective.within(units);
  const SearchOptions search{options.initial, std::max<uint32_t>(1, options.threads / options.trials)};
  Partition best;
  std::mutex mutex;
  result.trial_codelengths.assign(options.trials, 0);
  parallel_for(options.trials, options.threads, [&](std::size_t i) {
    if (cancel.requested()) return;
    const uint32_t trial = static_cast<uint32_t>(i);
    Partition found = optimize(graph, units, whole, search, Random(options.seed, {trial}), cancel);
    result.trial_codelengths[trial] = found.total;
    if (options.on_trial_done) options.on_trial_done();
    std::lock_guard<std::mutex> lock(mutex);
    const bool first = best.modules.empty();
    const auto rank = [](double total, uint32_t number) { return std::make_pair(rounded(total), number); };
    if (!first && rank(best.total, result.trial) < rank(found.total, trial)) return;
    best = std::move(found);
    result.trial = trial;
  });
  return best;
}

template <class Base>
Partition search(const Flow& flow, const InfomapOptions& options, double correction, const Cancel& cancel,
                 InfomapResult& result) {
  if (correction == 0 && options.preferred_modules == 0)
    return best_of_trials(flow, Base(flow), options, cancel, result);
  const ModuleCosts costs{correction, options.preferred_modules};
  return best_of_trials(flow, Counted<Base>(flow, costs), options, cancel, result);
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
  const double correction = word_correction(flow, options.entropy_correction);
  const auto run = flow.recorded()   ? search<RecordedMapEquation>
                   : flow.directed ? search<MapEquation<false>>
                                   : search<MapEquation<true>>;
  Partition best = run(flow, options, correction, cancel, result);
  if (cancel.requested()) return Status::cancelled();
  sort_modules(flow, best);
  const Status status = make_hierarchy(flow, {std::move(best.modules)}, result.hierarchy);
  if (!status.ok()) return status;
  result.codelength = evaluate(flow, result.hierarchy, correction);
  return {};
}

}  // namespace infomotion
