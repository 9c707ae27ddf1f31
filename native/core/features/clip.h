// The features of one clip that need no model: its motion, and what can be seen without any motion (the controls).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "features/clip_flow.h"
#include "features/motion.h"
#include "features/volume.h"

namespace infomotion::features {

struct ClipParams {
  int grid = 4;        // cells along each side of the frame
  int thumbnail = 16;  // side of the two control features, px
  flow::FarnebackParams flow;
  std::optional<VolumeParams> volume;  // where given, the clip's volume is made of the same flow
};

struct ClipFeatures {
  // Six blocks. Divergence, curl, magnitude, direction: MotionCells' values, their means over time and then their
  // standard deviations. Excursion: that of u, v and the divergence. Thirds: all of MotionCells' values, their means over
  // the first third of the time, the second and the last.
  std::vector<float> descriptor;
  std::vector<float> mean_frame;     // thumbnail * thumbnail: mean over time, grey levels
  std::vector<float> deviation;      // thumbnail * thumbnail: standard deviation of each pixel over time, area mean
  std::vector<std::uint8_t> volume;  // as VolumeBuilder gives it
};

// Puts a clip's features together from the flow of its pairs, wherever that is computed.
class ClipDescriber {
 public:
  ClipDescriber(const Clip& clip, const ClipParams& params);

  // Values of a pair's cells, and their number.
  std::size_t cells() const { return cells_.size(); }

  // Each pair in turn: its flow (the last frame with the flow before it), measured; for the volume only.
  void add(std::size_t t, const float* flow);
  void add_cells(const float* values);
  void add_flow(std::size_t t, const float* flow);

  // Looks at the grey levels too.
  runtime::Status finish(const runtime::Cancel& cancel, ClipFeatures* features) const;

 private:
  Clip clip_;
  ClipParams params_;
  std::optional<VolumeBuilder> volume_;
  MotionCells cells_;
  TimeStatistics statistics_;
  Excursions excursions_;
  ThirdMeans thirds_;
  std::vector<float> values_;
};

// Memory beside the clip itself does not grow with its length.
runtime::Status describe_clip(const Clip& clip, const ClipParams& params, const runtime::Cancel& cancel,
                              ClipFeatures* features);

}  // namespace infomotion::features
