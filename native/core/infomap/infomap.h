// Communities by the map equation: several seeded searches, the shortest description wins.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "infomap/evaluate.h"
#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion {

struct InfomapOptions {
  uint32_t trials = 10;
  uint32_t seed = 123;
  uint32_t threads = 0;                  // 0: as many as the pool has
  std::function<void()> on_trial_done;   // called from pool threads; may be empty
};

struct InfomapResult {
  std::vector<uint32_t> modules;  // by falling flow, ties by the smallest node
  uint32_t count = 0;
  Codelength codelength;
  uint32_t trial = 0;  // the one that won: the lowest codelength, ties by number
  std::vector<double> trial_codelengths;
};

// Two-level partition of the network. The same seed gives the same result for any number of threads.
Status infomap(const Flow& flow, const InfomapOptions& options, const Cancel& cancel, InfomapResult& result);

}  // namespace infomotion
