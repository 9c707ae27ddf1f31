#include "train/augment.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "features/volume.h"

namespace infomotion::train {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr float kFlowGain = 5;  // network units per 1/s: most speeds of the walls of a heart are then within +-1
constexpr float kGreyMiddle =
    0.25f;  // the grey level that becomes 0; 0 becomes -1: most of an ultrasound frame is dark

// FNV-1a, as lib/runtime/random.ts hashes the words that name a stream.
constexpr std::uint32_t fnv1a(const char* text) {
  std::uint32_t h = 0x811c9dc5u;
  for (; *text; ++text) h = (h ^ static_cast<unsigned char>(*text)) * 0x01000193u;
  return h;
}

// What the bytes of a volume mean: grey levels 0..1, and speeds in network units. Two tables of 256 replace arithmetic
// on each of the many pixels.
struct Levels {
  std::array<float, 256> grey, speed;
  Levels() {
    for (int byte = 0; byte < 256; ++byte) {
      grey[byte] = static_cast<float>(byte) / 255;
      speed[byte] = static_cast<float>(features::decode_speed(byte)) * kFlowGain;
    }
  }
};

// A nearly Gaussian number of mean 0 and standard deviation 1: the sum of eight uniform bytes, by the central limit
// theorem (excess kurtosis -1.2 / 8 = -0.15; never beyond 4.9). Integers up to the last step: the same on every
// platform, and fast.
float gaussian(runtime::Random& random) {
  const auto pairs = [](std::uint32_t x) { return (x & 0x00ff00ffu) + ((x >> 8) & 0x00ff00ffu); };
  const std::uint32_t sums = pairs(random.next()) + pairs(random.next());
  const int sum = static_cast<int>((sums & 0xffffu) + (sums >> 16));
  constexpr float kDeviation = 209.02153f;  // sqrt(8 (256^2 - 1) / 12)
  return static_cast<float>(sum - 1020) * (1 / kDeviation);
}

}  // namespace

// Reduces the angle to |a| <= pi/4, where the Taylor terms beyond n = 15 are far below the precision of a double, and
// then turns by quarter turns, which are exact.
Turn turn(double degrees) {
  const double quarters = std::floor(degrees / 90 + 0.5);
  const double a = (degrees - 90 * quarters) * (kPi / 180), square = a * a;  // |a| <= pi/4
  double cosine = 1, sine = a, term = 1;
  for (int n = 1; n <= 15; ++n) {  // cos a = 1 - a^2/2! + ..., sin a = a - a^3/3! + ...
    term *= -square / ((2 * n - 1) * (2 * n));
    cosine += term;
    sine += term * a / (2 * n + 1);
  }
  switch (((static_cast<int>(quarters) % 4) + 4) % 4) {
    case 1: return {-sine, cosine};
    case 2: return {-cosine, -sine};
    case 3: return {sine, -cosine};
    default: return {cosine, sine};
  }
}

runtime::Random sample_random(std::uint32_t seed, std::uint32_t sample) {
  return runtime::Random(seed, {fnv1a("augment"), sample});
}

// The map is rotation times zoom times mirroring, R(a) s diag(+-1, 1): mirrored first, then turned.
Pose draw_pose(const Augmentation& augmentation, int volume_frames, runtime::Random& random) {
  const auto around = [&](double middle, double width) { return middle + width * (2 * random.uniform() - 1); };
  Pose pose;
  pose.start = std::floor(random.uniform() * volume_frames);
  pose.tempo = around(1, augmentation.tempo);
  const bool mirrored = random.uniform() < 0.5 && augmentation.flip;
  const Turn rotation = turn(around(0, augmentation.rotation));
  const double scale = around(1, augmentation.scale);
  pose.gain = around(1, augmentation.gain);
  pose.noise = augmentation.noise;
  const double along_x = mirrored ? -scale : scale;
  pose.map[0] = along_x * rotation.cosine;
  pose.map[1] = scale * -rotation.sine;
  pose.map[2] = along_x * rotation.sine;
  pose.map[3] = scale * rotation.cosine;
  return pose;
}

// Taps read pixels -1 .. side + 1 along both axes, so the plane has one black pixel before the frame and two behind it.
Sampler::Sampler(const SampleShape& shape) : shape_(shape), stride_(shape.side + 3) {
  plane_.resize(static_cast<std::size_t>(stride_) * stride_ * kLanes);
  taps_.resize(static_cast<std::size_t>(shape.side) * shape.side);
}

// Fills taps_. The map says where a pixel of the volume goes; its inverse, about the centre, says where a pixel of the
// output comes from. Places outside are clamped to the black border.
void Sampler::place(const Pose& pose) {
  const double determinant = pose.map[0] * pose.map[3] - pose.map[1] * pose.map[2];
  const double xx = pose.map[3] / determinant, xy = -pose.map[1] / determinant;
  const double yx = -pose.map[2] / determinant, yy = pose.map[0] / determinant;
  const double centre = (shape_.side - 1) / 2.0;
  Tap* tap = taps_.data();
  for (int j = 0; j < shape_.side; ++j) {
    for (int i = 0; i < shape_.side; ++i, ++tap) {
      const double side = shape_.side;
      const double x = std::clamp(centre + xx * (i - centre) + xy * (j - centre), -1.0, side);
      const double y = std::clamp(centre + yx * (i - centre) + yy * (j - centre), -1.0, side);
      const double left = std::floor(x), top = std::floor(y);
      const float fx = static_cast<float>(x - left), fy = static_cast<float>(y - top);
      tap->offset = ((static_cast<int>(top) + 1) * stride_ + static_cast<int>(left) + 1) * kLanes;
      tap->weights[0] = (1 - fx) * (1 - fy);
      tap->weights[1] = fx * (1 - fy);
      tap->weights[2] = (1 - fx) * fy;
      tap->weights[3] = fx * fy;
    }
  }
}

// Sets plane_ to the volume at `time` (in volume frames), interpolated linearly between two frames.
void Sampler::blend(const VolumeView& volume, double time) {
  static const Levels levels;
  const double whole = std::floor(time);
  const float after = static_cast<float>(time - whole), before = 1 - after;
  const int first = static_cast<int>(std::fmod(whole, volume.frames)), second = (first + 1) % volume.frames;
  const int side = shape_.side;
  const std::size_t cells = static_cast<std::size_t>(side) * side;
  const std::uint8_t* a = volume.values + first * 3 * cells;
  const std::uint8_t* b = volume.values + second * 3 * cells;
  for (int y = 0; y < side; ++y) {
    float* pixel = plane_.data() + (static_cast<std::size_t>(y + 1) * stride_ + 1) * kLanes;
    for (int x = 0; x < side; ++x, ++a, ++b, pixel += kLanes) {
      pixel[0] = before * levels.grey[a[0]] + after * levels.grey[b[0]];
      pixel[1] = before * levels.speed[a[cells]] + after * levels.speed[b[cells]];
      pixel[2] = before * levels.speed[a[2 * cells]] + after * levels.speed[b[2 * cells]];
    }
  }
}

// Frame by frame: interpolate in time, then in space. A turned, zoomed or faster motion has vectors turned and scaled
// in the same way, so the flow is also multiplied by the map and the tempo. Gain and noise are of the grey levels only.
void Sampler::render(const VolumeView& volume, const Pose& pose, runtime::Random noise, float* out) {
  place(pose);
  const std::size_t cells = taps_.size(), channel = cells * shape_.frames;
  float map[4];
  for (int i = 0; i < 4; ++i) map[i] = static_cast<float>(pose.map[i] * pose.tempo);
  const float gain = static_cast<float>(pose.gain), deviation = static_cast<float>(pose.noise);
  for (int t = 0; t < shape_.frames; ++t) {
    blend(volume, pose.start + t * shape_.stride * pose.tempo);
    float* grey = out + t * cells;
    float* u = (shape_.grey ? grey + channel : grey);
    float* v = u + channel;
    for (std::size_t i = 0; i < cells; ++i) {
      const Tap& tap = taps_[i];
      const float* top = plane_.data() + tap.offset;
      const float* bottom = top + static_cast<std::size_t>(stride_) * kLanes;
      float pixel[kLanes];
      for (int lane = 0; lane < kLanes; ++lane)
        pixel[lane] = (tap.weights[0] * top[lane] + tap.weights[1] * top[kLanes + lane]) +
                      (tap.weights[2] * bottom[lane] + tap.weights[3] * bottom[kLanes + lane]);
      if (shape_.grey) grey[i] = pixel[0] * gain;
      if (shape_.flow) {
        u[i] = map[0] * pixel[1] + map[1] * pixel[2];
        v[i] = map[2] * pixel[1] + map[3] * pixel[2];
      }
    }
    if (!shape_.grey) continue;
    if (deviation > 0)
      for (std::size_t i = 0; i < cells; ++i) grey[i] += deviation * gaussian(noise);
    for (std::size_t i = 0; i < cells; ++i) grey[i] = (grey[i] - kGreyMiddle) / kGreyMiddle;
  }
}

}  // namespace infomotion::train
