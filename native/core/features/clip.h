// The features of one clip that need no model: its motion, and what can be seen without any motion (the controls).
#pragma once

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
};

struct ClipParams {
  int grid = 4;        // cells along each side of the frame
  int thumbnail = 16;  // side of the two control features, px
  flow::FarnebackParams flow;
};

struct ClipFeatures {
  // Four blocks: divergence, curl, magnitude, direction. Each: MotionCells' values, their means over time and then
  // their standard deviations.
  std::vector<float> descriptor;
  std::vector<float> mean_frame;  // thumbnail * thumbnail: mean over time, grey levels
  std::vector<float> deviation;   // thumbnail * thumbnail: standard deviation of each pixel over time, area mean
};

// Memory beside the clip itself does not grow with its length.
Status describe_clip(const Clip& clip, const ClipParams& params, const Cancel& cancel, ClipFeatures* features);

}  // namespace infomotion::features
