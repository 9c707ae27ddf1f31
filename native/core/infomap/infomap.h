// Communities by the map equation: several seeded searches, of which the shortest description wins.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "infomap/evaluate.h"
#include "infomap/flow.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::infomap {

struct InfomapOptions {
  bool two_level = false;  // one level of modules; otherwise as many as shorten the code
  uint32_t trials = 10;
  uint32_t seed = 123;
  uint32_t threads = 0;                 // 0: as many as the pool has
  double entropy_correction = 0;        // strength; 0: none (evaluate.h)
  uint32_t preferred_modules = 0;       // at the top; 0: none (counted.h)
  std::vector<uint32_t> initial;        // the module of each node to start from; empty: none
  std::function<void()> on_trial_done;  // called from pool threads; may be empty
};

struct InfomapResult {
  Hierarchy hierarchy;  // modules of each level by falling flow, ties by the smallest node
  Codelength codelength;
  uint32_t trial = 0;  // the trial that won: the lowest codelength, ties by number
  std::vector<double> trial_codelengths;
};

// The modules of the network. The same seed gives the same result for any number of threads.
runtime::Status find_modules(const Flow& flow, const InfomapOptions& options, const runtime::Cancel& cancel,
                             InfomapResult& result);

}  // namespace infomotion::infomap
