// Training samples: windows of volumes (features/volume.h) in the form that a network reads, each augmented at random:
// mirrored, rotated, zoomed, brightened, made noisy, played faster or slower.
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
  double stride;  // volume frames from one frame of a sample to the next
  bool grey, flow;

  int channels() const { return (grey ? 1 : 0) + (flow ? 2 : 0); }
  std::size_t size() const { return static_cast<std::size_t>(channels()) * frames * side * side; }
};

// The ranges from which the parameters of a sample are drawn uniformly: rotation in +-rotation degrees, zoom in 1 +-
// scale, gain in 1 +- gain, playing speed in 1 +- tempo. With `flip`, half of the samples are mirrored. `noise` is a
// standard deviation, of grey levels 0..1.
struct Augmentation {
  bool flip = false;
  double rotation = 0, scale = 0, gain = 0, noise = 0, tempo = 0;
};

// The parameters of one sample.
struct Pose {
  double start = 0;              // the volume frame of its first frame
  double tempo = 1;              // playing speed: a factor of the stride and of the flow
  double map[4] = {1, 0, 0, 1};  // the matrix, row by row, that turns a vector (x, y) about the centre of the frame
  double gain = 1;
  double noise = 0;
};

// Always draws six numbers, so that a setting changes nothing but its own parameter.
Pose draw_pose(const Augmentation& augmentation, int volume_frames, runtime::Random& random);

// The random numbers of sample number `sample` of a run.
runtime::Random sample_random(std::uint32_t seed, std::uint32_t sample);

// The cosine and sine of an angle, by which (x, y) is turned clockwise on the screen. The same on every platform, and
// exact at quarter turns.
struct Turn {
  double cosine, sine;
};
Turn turn(double degrees);

// Renders samples of one shape.
class Sampler {
 public:
  explicit Sampler(const SampleShape& shape);

  // Writes channels * frames * side * side values to `out`. Grey is (level - 1/4) / (1/4), for levels 0..1; flow is
  // five times its value in 1/s. Time wraps around the volume; between two of its frames both are interpolated
  // linearly. What lies outside the frame is black and does not move.
  void render(const VolumeView& volume, const Pose& pose, runtime::Random noise, float* out);

 private:
  static constexpr int kLanes = 4;  // grey, u, v and one that is not used: a pixel is one vector register

  // Where a pixel of the output comes from: bilinear weights of four neighbouring pixels.
  struct Tap {
    int offset;  // of the upper left one in plane_
    float weights[4];
  };

  void place(const Pose& pose);
  void blend(const VolumeView& volume, double time);

  SampleShape shape_;
  int stride_;                // of the padded plane
  std::vector<float> plane_;  // one moment of the volume, with a black border
  std::vector<Tap> taps_;     // one per pixel of the output
};

}  // namespace infomotion::train
