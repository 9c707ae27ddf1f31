// The flow of a clip, frame by frame: what the descriptor and the volume are both made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "flow/farneback.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::features {

struct Clip {
  const std::uint8_t* frames;  // count * height * width grey levels
  int width, height;
  std::size_t count;
  double fps;

  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
  const std::uint8_t* frame(std::size_t t) const { return frames + t * pixels(); }
};

// visit(t, flow) for each frame t of [first, last), in order: flow is the (u, v) pairs, px/frame, from frame t to the
// next. The clip's last frame has no next: it repeats the flow before it, or zeros in a clip of one frame.
template <typename Visit>
runtime::Status each_flow(const Clip& clip, std::size_t first, std::size_t last, const flow::FarnebackParams& params,
                          const runtime::Cancel& cancel, Visit visit) {
  flow::FarnebackSequence sequence;
  runtime::Status status = sequence.init(clip.width, clip.height, params);
  std::vector<float> flow(clip.pixels() * 2);
  for (std::size_t t = first; status.ok() && t < std::min(last + 1, clip.count); ++t) {
    status = sequence.push(clip.frame(t), nullptr, flow.data(), cancel);
    if (t > first && status.ok()) visit(t - 1, flow.data());
  }
  if (status.ok() && last == clip.count) visit(last - 1, flow.data());
  return status;
}

}  // namespace infomotion::features
