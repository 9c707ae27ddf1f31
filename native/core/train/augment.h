// Training samples: windows of volumes (features/volume.h) as a network reads them, each shown in a way of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/random.h"

namespace infomotion::train {

struct VolumeView {
  const std::uint8_t* values;  // frames * 3 * side * side
  int frames;
};

struct SampleShape {
  int side;
  int frames;     // of a sample
  double stride;  // volume frames from one to the next
  bool grey, flow;

  int channels() const { return (grey ? 1 : 0) + (flow ? 2 : 0); }
  std::size_t size() const { return static_cast<std::size_t>(channels()) * frames * side * side; }
};

// The ranges that a sample's parameters are drawn from, uniformly: rotation in +-`rotation` degrees, zoom in 1 +- scale,
// gain in 1 +- gain, playing speed in 1 +- tempo; mirrored half the time if `flip`. noise: standard deviation, of grey
// levels 0..1.
struct Augmentation {
  bool flip = false;
  double rotation = 0, scale = 0, gain = 0, noise = 0, tempo = 0;
};

// How one sample is shown.
struct Pose {
  double start = 0;                // volume frame of the first
  double tempo = 1;                // times the stride; the flow is as much faster
  double map[4] = {1, 0, 0, 1};    // where a vector (x, y) goes, about the frame's centre: row by row
  double gain = 1;
  double noise = 0;
};

// Draws six numbers in any case, so that one setting changes nothing but what it sets.
Pose draw_pose(const Augmentation& augmentation, int volume_frames, runtime::Random& random);

// The stream of a run's sample.
runtime::Random sample_random(std::uint32_t seed, std::uint32_t sample);

// (x, y) turned by so many degrees, clockwise on the screen: the cosine and the sine, the same on every platform and
// exact at quarter turns.
struct Turn {
  double cosine, sine;
};
Turn turn(double degrees);

// Renders samples of one shape.
class Sampler {
 public:
  explicit Sampler(const SampleShape& shape);

  // out: channels * frames * side * side. Grey is (level - 1/4) / (1/4) of levels 0..1; flow is five times 1/s. Times
  // wrap around the volume, between its frames both are interpolated; what lies outside the frame is black and still.
  void render(const VolumeView& volume, const Pose& pose, runtime::Random noise, float* out);

 private:
  static constexpr int kLanes = 4;  // grey, u, v and one unused: a pixel is one vector register

  struct Tap {
    int offset;
    float weights[4];
  };

  void place(const Pose& pose);
  void blend(const VolumeView& volume, double time);

  SampleShape shape_;
  int stride_;                // of the padded plane
  std::vector<float> plane_;  // one moment of the volume, with a black border
  std::vector<Tap> taps_;     // where each pixel of the output comes from
};

}  // namespace infomotion::train
