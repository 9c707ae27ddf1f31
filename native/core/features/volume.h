// A clip as networks see it: grey levels and flow at one frame rate and one size, in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "features/clip_flow.h"
#include "flow/resample.h"

namespace infomotion::features {

constexpr int kVolumeChannels = 3;  // grey, u, v

struct VolumeParams {
  int side = 56;     // px
  double rate = 32;  // frames/s
  int frames = 64;   // at most: a longer clip shows its middle
};

// A speed in frame widths (or heights) per second as a byte, by a square-root law: fine where most speeds are, and up
// to 1 /s, the range. 128 is no motion.
std::uint8_t encode_speed(double speed);
double decode_speed(int byte);

// Frame t of the clip fills the time [t, t + 1), counted in frames; frame i of the volume is the mean over
// [begin + i step, begin + (i + 1) step), step = fps / rate: grey as it is, flow in frame widths and heights per
// second, both averaged over the areas of side x side cells.
class VolumeBuilder {
 public:
  VolumeBuilder(const Clip& clip, const VolumeParams& params);

  // Only the clip's frames of [first, last) are seen in the volume.
  std::size_t first() const { return first_; }
  std::size_t last() const { return last_; }

  // Frame t and the flow from it to the next (px/frame), for each frame in turn; those not seen are passed over.
  void add(std::size_t t, const float* flow);

  // frames * kVolumeChannels * side * side bytes.
  std::vector<std::uint8_t> finish() const;

 private:
  void shrink(std::size_t t, const float* flow);

  Clip clip_;
  double step_;
  int frames_;
  std::size_t first_, last_, cells_;
  flow::AxisFilter fx_, fy_;
  std::vector<float> plane_, small_;
  std::vector<float> sums_;      // frames * kVolumeChannels * cells
  std::vector<double> weights_;  // of each frame's sums
};

// The volume alone. Frames that it does not show are not looked at.
runtime::Status make_volume(const Clip& clip, const VolumeParams& params, const flow::FarnebackParams& flow,
                            const runtime::Cancel& cancel, std::vector<std::uint8_t>* volume);

}  // namespace infomotion::features
