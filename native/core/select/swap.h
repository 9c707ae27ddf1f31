// Better representatives by swaps: which clips to choose so that a small student trained on them does well on all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/knn.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::select {

// Clips to choose from and clips to do well on: the latter are those from `judged` on (0: all are both). A clip may take
// the place of a chosen one of its group; groups do not span classes.
struct SwapInput {
  graph::Matrix points;
  std::size_t classes = 0;
  const uint32_t* labels = nullptr;  // class of each clip, below `classes`
  const uint32_t* groups = nullptr;  // group of each clip
  std::size_t judged = 0;            // first clip of those in the loss
};

enum class SwapLoss { kSquared, kCrossEntropy };

struct SwapOptions {
  SwapLoss loss = SwapLoss::kSquared;
  double ridge = 0.3;          // penalty on the student's coefficients, for points of mean squared length 1
  double softmax_ridge = 0.1;  // the same of the student that learns by cross-entropy
  std::size_t passes = 10;     // over the chosen clips, at most; the search ends where a pass changes nothing
  std::size_t threads = 0;
};

struct SwapResult {
  std::vector<uint32_t> chosen;  // in the places of the clips they replace
  double before = 0, after = 0;  // the student's loss on the clips to do well on: 1 for one that knows nothing
  std::size_t swaps = 0;
};

// Goes round the chosen clips, and puts in the place of each that clip of its group with which a ridge classifier,
// trained on the chosen clips alone, has the least squared error on all clips, until no exchange lowers it:
//
//   W = argmin  sum_s v_s |y_s - W' x_s|^2 + ridge |W|^2      over the chosen clips s,
//   loss(W)  =  sum_i b_i |y_i - W' x_i|^2 / sum_i b_i |y_i|^2     over all clips i to do well on,
//
// x: the point, centred and scaled (by one number), with a 1 appended; y: 1 for the clip's class, else 0, less one over
// the number of classes; v_s and b_i give each class the same sum. The loss is quadratic in W, and exchanging one clip
// changes W by a matrix of rank one, so that a candidate costs two quadratic forms, whatever the number of clips.
// By cross-entropy the student is softmax regression (select/softmax.h), for which each candidate takes a training: of a
// group of many only those of the least squared loss are tried.
// The same result for any number of threads; of two exchanges alike, the clip of the lower number.
runtime::Status swap_search(const SwapInput& input, const std::vector<uint32_t>& start, const SwapOptions& options,
                            const runtime::Cancel& cancel, SwapResult& result);

}  // namespace infomotion::select
