// libFuzzer target of the map equation as an API: arrays of any kind, CSR or list, with any options, give modules whose
// codelength is that of the plain formulas, or an error.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/links.h"
#include "infomap/module_links.h"

using namespace infomotion;
using namespace infomotion::infomap;
using namespace infomotion::runtime;

namespace {

const Cancel kNever;

void promise(bool holds) {
  if (!holds) std::abort();
}

// Values drawn from the input; zeros where it has ended.
class Draw {
 public:
  Draw(const uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  uint32_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  bool flag() { return byte() & 1; }
  double number() {
    constexpr double kOdd[] = {0, 1, 0.5, 1e-12, 1e12, 1e-300, 1e300, 5e-324, -1, -0.0};
    const uint32_t kind = byte();
    if (kind < 10) return kOdd[kind];
    if (kind == 10) return std::numeric_limits<double>::quiet_NaN();
    if (kind == 11) return std::numeric_limits<double>::infinity();
    return kind / 16.0;
  }
  // Mostly below n; 255 stands for the largest number.
  uint32_t below(uint32_t n) {
    const uint32_t x = byte();
    return x == 255 ? UINT32_MAX : x < 200 && n > 0 ? x % n : x;
  }

 private:
  const uint8_t* data_;
  std::size_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  Draw draw(data, size);
  const bool directed = draw.flag(), csr = draw.flag(), weighted = draw.flag();
  WalkOptions walk_options;
  walk_options.teleportation = draw.byte() / 255.0;
  walk_options.recorded = draw.flag();
  walk_options.to_nodes = draw.flag();
  walk_options.regularization = draw.flag() ? draw.byte() / 16.0 : 0;
  walk_options.markov_time = draw.flag() ? (1 + draw.byte()) / 32.0 : 1;
  walk_options.self_links = !draw.flag();
  InfomapOptions options;
  options.two_level = draw.flag();
  options.trials = 1 + (draw.byte() & 1);
  options.threads = 1;
  options.entropy_correction = draw.flag() ? draw.byte() / 64.0 : 0;
  options.preferred_modules = draw.flag() ? draw.byte() : 0;
  options.seed = draw.byte();

  LinkView view;
  view.nodes = draw.byte() % 40;
  view.count = draw.byte() % 100;
  view.bipartite = !directed && walk_options.regularization == 0 && draw.flag() ? draw.below(view.nodes) : 0;
  walk_options.bipartite = view.bipartite;
  std::vector<uint32_t> offsets, sources, targets;
  std::vector<double> weights;
  if (csr) {
    uint32_t end = 0;
    for (uint32_t u = 0; u <= view.nodes; ++u) {
      offsets.push_back(end);
      end = draw.byte() == 255 ? draw.byte() : end + draw.byte() % 4;
    }
    if (draw.flag()) view.count = offsets.back() % 200;
  }
  for (std::size_t i = 0; i < view.count; ++i) {
    sources.push_back(draw.below(view.nodes));
    targets.push_back(draw.below(view.nodes));
    weights.push_back(draw.number());
  }
  (csr ? view.offsets : view.sources) = csr ? offsets.data() : sources.data();
  view.targets = targets.data();
  view.weights = weighted ? weights.data() : nullptr;

  Links links;
  Status status = make_links(view, directed, links);
  if (!status.ok()) {
    promise(status.code == "INVALID_ARGUMENT" && status.message.size() > 20);
    return 0;
  }
  Flow flow;
  status = compute_flow(std::move(links), walk_options, kNever, flow);
  promise(status.ok());
  for (const double visits : flow.node_flow) promise(std::isfinite(visits) && visits >= 0);
  if (draw.flag()) {
    for (uint32_t u = 0; u < flow.nodes; ++u) options.initial.push_back(draw.byte());
    number_modules(options.initial);
  }
  InfomapResult result;
  status = find_modules(flow, options, kNever, result);
  promise(status.ok() && !result.hierarchy.empty() && std::isfinite(result.codelength.total));
  promise(!options.two_level || result.hierarchy.size() == 1);
  std::vector<std::vector<uint32_t>> levels;
  for (const Level& level : result.hierarchy) {
    promise(level.modules.size() == flow.nodes);
    for (const uint32_t m : level.modules) promise(m < level.flow.size());
    levels.push_back(level.modules);
  }
  Hierarchy again;
  promise(make_hierarchy(flow, levels, again).ok());  // every module lies in one of the level above
  const double total = evaluate(flow, again, word_correction(flow, options.entropy_correction)).total;
  promise(std::fabs(total - result.codelength.total) <= 1e-9 * std::fmax(1, std::fabs(total)));
  std::vector<ModuleLinks> between;
  promise(module_links(flow, levels, kNever, between).ok() && between.size() == levels.size() + 1);
  return 0;
}
