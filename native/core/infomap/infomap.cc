#include "infomap/infomap.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "infomap/multilevel.h"
#include "infomap/objectives.h"
#include "infomap/optimizer.h"
#include "runtime/random.h"
#include "runtime/thread_pool.h"

namespace infomotion::infomap {
namespace {

// Ends of links of a network that is searched more thoroughly than takes more time than starting up.
constexpr std::size_t kFewLinks = 6000;

// Rounds to 36 binary places, so that values which differ by rounding errors alone are ties: trials and modules then
// have the same rank in whatever order sums were taken.
double rounded(double value) { return std::nearbyint(value * 68719476736.0); }

// What the objective adds to the codelength for the number of modules that the walker visits.
template <class Objective>
double preference_of(const Objective& objective, const Flow& flow, const std::vector<uint32_t>& modules,
                     uint32_t count) {
  std::vector<uint8_t> visited(count);
  for (uint32_t u = 0; u < flow.nodes; ++u)
    if (flow.node_flow[u] > 0) visited[modules[u]] = 1;
  return objective.preference(static_cast<uint32_t>(std::count(visited.begin(), visited.end(), 1)));
}

// Runs the trials in parallel, and keeps only the best result so far.
template <class Objective>
Nested best_of_trials(const Flow& flow, const Objective& objective, const InfomapOptions& options,
                      const runtime::Cancel& cancel, InfomapResult& result) {
  const uint32_t threads = options.threads == 0 ? static_cast<uint32_t>(runtime::pool_threads()) : options.threads;
  const FlowGraph graph = make_flow_graph(flow, threads);
  const auto units = Objective::units(flow, graph);
  // If there are more threads than trials, several work on one trial.
  const bool thorough = graph.neighbours.size() <= kFewLinks;
  const SearchOptions inner{options.initial, std::max<uint32_t>(1, threads / options.trials), thorough};
  const auto search = [&](runtime::Random random) -> Nested {
    if (!options.two_level) return optimize_levels(graph, units, objective, inner, random, cancel);
    Partition found = optimize_network(graph, units, objective, inner, random, cancel);
    const double preference = preference_of(objective, flow, found.modules, found.count);
    return {{std::move(found.modules)}, found.total - preference, preference};
  };
  Nested best;
  std::mutex mutex;
  result.trial_codelengths.assign(options.trials, 0);
  runtime::parallel_for(options.trials, options.threads, [&](std::size_t i) {
    if (cancel.requested()) return;
    const uint32_t trial = static_cast<uint32_t>(i);
    Nested found = search(runtime::Random(options.seed, {trial}));
    result.trial_codelengths[trial] = found.codelength;
    if (options.on_trial_done) options.on_trial_done();
    std::lock_guard<std::mutex> lock(mutex);
    const bool first = best.levels.empty();
    const auto rank = [](const Nested& nested, uint32_t number) {
      return std::make_pair(rounded(nested.codelength + nested.preference), number);
    };
    if (!first && rank(best, result.trial) < rank(found, trial)) return;
    best = std::move(found);
    result.trial = trial;
  });
  return best;
}

template <class Base>
Nested search(const Flow& flow, const InfomapOptions& options, double correction, const runtime::Cancel& cancel,
              InfomapResult& result) {
  if (correction == 0 && options.preferred_modules == 0)
    return best_of_trials(flow, Base(flow), options, cancel, result);
  const ModuleCosts costs{correction, options.preferred_modules};
  return best_of_trials(flow, Counted<Base>(flow, costs), options, cancel, result);
}

// Numbers modules by falling flow, ties by the smallest node.
void sort_modules(const Flow& flow, std::vector<uint32_t>& modules) {
  const uint32_t count = number_modules(modules);
  std::vector<double> module_flow(count);
  for (uint32_t u = 0; u < flow.nodes; ++u) module_flow[modules[u]] += flow.node_flow[u];
  std::vector<uint32_t> order(count), rank(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return rounded(module_flow[a]) > rounded(module_flow[b]); });
  for (uint32_t r = 0; r < count; ++r) rank[order[r]] = r;
  for (uint32_t& m : modules) m = rank[m];
}

}  // namespace

runtime::Status find_modules(const Flow& flow, const InfomapOptions& options, const runtime::Cancel& cancel,
                             InfomapResult& result) {
  const double correction = word_correction(flow, options.entropy_correction);
  const auto run = flow.recorded() ? search<RecordedMapEquation>
                   : flow.directed ? search<DirectedMapEquation>
                                   : search<UndirectedMapEquation>;
  Nested best = run(flow, options, correction, cancel, result);
  if (cancel.requested()) return runtime::Status::cancelled();
  for (std::vector<uint32_t>& modules : best.levels) sort_modules(flow, modules);
  runtime::Status status = make_hierarchy(flow, std::move(best.levels), result.hierarchy);
  if (!status.ok()) return status;
  result.codelength = evaluate(flow, result.hierarchy, correction);
  return {};
}

}  // namespace infomotion::infomap
