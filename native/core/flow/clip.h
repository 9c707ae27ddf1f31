// The flow of all pairs of a clip, several pairs or parts of one at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "flow/farneback.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::flow {

// `count` frames of grey levels 0..255: frame t begins at value t * frame_stride, its row y at y * row_stride further
// on.
template <typename T>
struct Frames {
  const T* values;
  int width, height;
  std::size_t count, row_stride, frame_stride;

  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
};

// How many threads are worthwhile for the flow of so many pixels, all pairs together: one for every few milliseconds of
// work, and no more than the pool has.
std::size_t worthwhile_threads(std::size_t pixels);

// `flow` gets (count - 1) * height * width pairs (u, v) in px; `initial`, where not null, is a first guess of that
// form. Up to `threads` threads of the pool (0: worthwhile_threads()) take a run of pairs each or, if pairs are few,
// parts of a pair. The result is the same, bit for bit, for any number. `done` is increased by one at the end of each
// pair. T: uint8 or float.
template <typename T>
runtime::Status clip_flow(const Frames<T>& frames, const FarnebackParams& params, int threads, const float* initial,
                          float* flow, std::atomic<std::int32_t>* done, const runtime::Cancel& cancel);

}  // namespace infomotion::flow
