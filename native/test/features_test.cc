#include <cmath>
#include <cstdint>
#include <vector>

#include "features/clip.h"
#include "features/motion.h"
#include "features/volume.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::runtime;
using features::MotionCells;

namespace {

constexpr int kSide = 24;
constexpr int kGrid = 2;
constexpr int kCells = kGrid * kGrid;

// The cells of a flow field given by a formula, at 10 frames a second.
template <typename Field>
std::vector<float> cells_of(Field field, double fps = 10) {
  std::vector<float> flow;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const auto [u, v] = field(x, y);
      flow.push_back(static_cast<float>(u));
      flow.push_back(static_cast<float>(v));
    }
  MotionCells cells(kSide, kSide, kGrid);
  std::vector<float> values(cells.size());
  cells.measure(flow.data(), fps, values.data());
  return values;
}

struct Vector {
  double u, v;
};

float divergence(const std::vector<float>& values, int cell) { return values[cell]; }
float curl(const std::vector<float>& values, int cell) { return values[kCells + cell]; }
float magnitude(const std::vector<float>& values, int cell) { return values[2 * kCells + cell]; }
float direction(const std::vector<float>& values, int cell, int d) { return values[3 * kCells + cell * 8 + d]; }

// A clip of blobs that move by `step` px a frame, `frames` times.
std::vector<std::uint8_t> blobs(int frames, double step) {
  std::vector<std::uint8_t> clip;
  for (int t = 0; t < frames; ++t)
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 64; ++x)
        clip.push_back(static_cast<std::uint8_t>(128 + 60 * std::sin(0.5 * (x - step * t)) + 50 * std::cos(0.4 * y)));
  return clip;
}

features::ClipFeatures describe(const std::vector<std::uint8_t>& frames, double fps, features::ClipParams params = {}) {
  params.flow.border = flow::Border::kSymmetric;
  const features::Clip clip = {frames.data(), 64, 64, frames.size() / (64 * 64), fps};
  features::ClipFeatures features;
  CHECK(features::describe_clip(clip, params, Cancel(), &features).ok());
  return features;
}

std::vector<std::uint8_t> volume_of(const std::vector<std::uint8_t>& frames, double fps,
                                    const features::VolumeParams& params) {
  flow::FarnebackParams flow;
  flow.border = flow::Border::kSymmetric;
  std::vector<std::uint8_t> volume;
  const features::Clip clip = {frames.data(), 64, 64, frames.size() / (64 * 64), fps};
  CHECK(features::make_volume(clip, params, flow, Cancel(), &volume).ok());
  return volume;
}

}  // namespace

TEST("features: translation has magnitude and one direction, no divergence, no curl") {
  const auto right = cells_of([](int, int) { return Vector{0.5, 0}; });
  const auto down_left = cells_of([](int, int) { return Vector{-1, 1}; });
  for (int cell = 0; cell < kCells; ++cell) {
    CHECK_NEAR(divergence(right, cell), 0, 1e-6);
    CHECK_NEAR(curl(right, cell), 0, 1e-6);
    CHECK_NEAR(magnitude(right, cell), 5, 1e-5);
    for (int d = 0; d < 8; ++d) {
      CHECK_NEAR(direction(right, cell, d), d == 0 ? 5 : 0, 1e-5);
      CHECK_NEAR(direction(down_left, cell, d), d == 3 ? 10 * std::sqrt(2.0) : 0, 1e-5);
    }
  }
}

TEST("features: the parts along two neighbouring directions add up to the vector") {
  for (int degrees = 0; degrees < 360; degrees += 7) {
    const double angle = degrees * 3.14159265358979 / 180;
    const auto values = cells_of([&](int, int) { return Vector{std::cos(angle), std::sin(angle)}; }, 1);
    double u = 0, v = 0;
    int used = 0;
    for (int d = 0; d < 8; ++d) {
      const double part = direction(values, 3, d);
      CHECK(part >= 0);
      used += part > 1e-6;
      u += part * std::cos(d * 3.14159265358979 / 4);
      v += part * std::sin(d * 3.14159265358979 / 4);
    }
    CHECK(used <= 2);
    CHECK_NEAR(u, std::cos(angle), 1e-5);
    CHECK_NEAR(v, std::sin(angle), 1e-5);
  }
}

TEST("features: growth is divergence, turning is curl") {
  const double c = (kSide - 1) / 2.0;
  const auto growth = cells_of([&](int x, int y) { return Vector{0.02 * (x - c), 0.03 * (y - c)}; });
  const auto turning = cells_of([&](int x, int y) { return Vector{-0.04 * (y - c), 0.04 * (x - c)}; });
  for (int cell = 0; cell < kCells; ++cell) {
    CHECK_NEAR(divergence(growth, cell), 0.5, 1e-5);  // (0.02 + 0.03) / frame * 10 frames / s
    CHECK_NEAR(curl(growth, cell), 0, 1e-5);
    CHECK_NEAR(divergence(turning, cell), 0, 1e-5);
    CHECK_NEAR(curl(turning, cell), 0.8, 1e-5);
  }
  CHECK(direction(growth, 0, 5) > 0 && direction(growth, 0, 1) == 0);  // the upper left cell moves up and to the left
}

TEST("features: cells are where they are") {
  const auto one = cells_of([](int x, int y) { return Vector{x >= kSide / 2 && y < kSide / 2 ? 1.0 : 0.0, 0}; });
  CHECK_NEAR(magnitude(one, 1), 10, 1e-5);
  for (const int cell : {0, 2, 3}) CHECK(magnitude(one, cell) == 0);
}

TEST("features: more cells than pixels, and one pixel, stay finite") {
  for (const int side : {1, 2, 3}) {
    std::vector<float> flow(side * side * 2, 1.0f);
    MotionCells cells(side, side, 4);
    std::vector<float> values(cells.size());
    cells.measure(flow.data(), 30, values.data());
    for (float value : values) CHECK(std::isfinite(value));
  }
}

TEST("features: mean and deviation over time") {
  features::TimeStatistics statistics(2);
  CHECK(statistics.mean(0) == 0 && statistics.deviation(0) == 0);
  for (const float value : {1.0f, 3.0f, 5.0f, 7.0f}) {
    const float values[] = {value, -2};
    statistics.add(values);
  }
  CHECK_NEAR(statistics.mean(0), 4, 1e-6);
  CHECK_NEAR(statistics.deviation(0), std::sqrt(5.0), 1e-6);
  CHECK_NEAR(statistics.mean(1), -2, 0);
  CHECK_NEAR(statistics.deviation(1), 0, 0);
}

TEST("features: excursions are the size of a movement, whatever its speed, its frame rate and its drift") {
  // x = 3 sin(w t) + drift t px in a frame of 24 px: deviation 3 / sqrt(2) px; y = half of that, area 0.1 sin(w t).
  const auto excursion = [](double beats, double fps, double drift) {
    features::Excursions excursions(kSide, kSide, kGrid);
    MotionCells cells(kSide, kSide, kGrid);
    std::vector<float> values(cells.size()), deviations;
    const int frames = static_cast<int>(4 * fps);
    const auto wave = [&](int t) { return std::sin(2 * 3.14159265358979 * beats * t / frames); };
    for (int t = 0; t < frames; ++t) {
      const double step = wave(t + 1) - wave(t), c = (kSide - 1) / 2.0;
      std::vector<float> flow;
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x) {
          flow.push_back(static_cast<float>(3 * step + 0.1 * step * (x - c) + drift / fps));
          flow.push_back(static_cast<float>(-1.5 * step));
        }
      cells.measure(flow.data(), fps, values.data());
      excursions.add(values.data(), fps);
    }
    for (std::size_t i = 0; i < excursions.size(); ++i) deviations.push_back(excursions.deviation(i));
    return deviations;
  };
  const double half = std::sqrt(0.5);
  for (const auto& deviations : {excursion(8, 50, 0), excursion(16, 50, 0), excursion(8, 30, 0), excursion(8, 50, 7)}) {
    CHECK(deviations.size() == 3u * kCells);
    for (int cell = 0; cell < kCells; ++cell) {
      const double growth = cell % 2 == 0 ? -0.6 : 0.6;  // 0.1 px a px at 6 px from the middle
      CHECK_NEAR(deviations[cell], (3 + growth) * half / kSide, 0.002);
      CHECK_NEAR(deviations[kCells + cell], 1.5 * half / kSide, 0.001);
      CHECK_NEAR(deviations[2 * kCells + cell], 0.1 * half, 0.002);
    }
  }
  features::Excursions still(kSide, kSide, kGrid);
  CHECK(still.deviation(0) == 0);
  const std::vector<float> steady = cells_of([](int, int) { return Vector{0.3, 0.1}; });
  for (int t = 0; t < 50; ++t) {
    still.add(steady.data(), 10);
    CHECK(still.deviation(0) == 0 && still.deviation(kCells) == 0);
  }
}

TEST("features: thirds of any number of samples, each sample counted once in all") {
  for (const std::size_t samples : {1, 2, 3, 4, 7, 30, 31}) {
    features::ThirdMeans thirds(2, samples);
    std::vector<double> expected(6, 0.0);
    for (std::size_t i = 0; i < samples; ++i) {
      const float values[] = {static_cast<float>(i * i), 1};
      thirds.add(values);
      // in small steps of time: twelve to a sample, so that thirds end at the edge of one
      for (std::size_t step = 12 * i; step < 12 * (i + 1); ++step)
        for (int k = 0; k < 2; ++k) expected[2 * (step / (4 * samples)) + k] += values[k];
    }
    CHECK(thirds.size() == 6);
    for (std::size_t i = 0; i < 6; ++i)
      CHECK_NEAR(thirds.mean(i), expected[i] / static_cast<double>(4 * samples), 1e-4);
  }
  CHECK(features::ThirdMeans(2, 0).mean(5) == 0);
}

TEST("features: the same movement at half the frame rate is the same movement") {
  const auto fast = describe(blobs(21, 0.5), 60), slow = describe(blobs(11, 1.0), 30);
  const std::size_t magnitudes = 4 * 16;  // after the mean and deviation of divergence and curl
  CHECK(fast.descriptor.size() == 928);
  for (int cell = 0; cell < 16; ++cell) {
    CHECK(fast.descriptor[magnitudes + cell] > 5);
    CHECK_NEAR(slow.descriptor[magnitudes + cell] / fast.descriptor[magnitudes + cell], 1, 0.1);
    CHECK(fast.descriptor[352 + cell] < 0.005);  // carried 10 px of 64, but not to and fro
  }
}

TEST("features: a clip without movement, or of one frame, gives exactly zero") {
  const auto frame = blobs(1, 0);
  std::vector<std::uint8_t> still;
  for (int t = 0; t < 4; ++t) still.insert(still.end(), frame.begin(), frame.end());
  for (const auto& frames : {still, frame}) {
    const auto features = describe(frames, 50);
    CHECK(features.descriptor.size() == 928);
    for (float value : features.descriptor) CHECK(value == 0);
  }
}

TEST("features: the controls are the mean frame and the deviation over time") {
  std::vector<std::uint8_t> frames;  // 64 x 64, two frames: the left half blinks 100, 200; the right half stays at 60
  for (int t = 0; t < 2; ++t)
    for (int i = 0; i < 64 * 64; ++i) frames.push_back(static_cast<std::uint8_t>(i % 64 < 32 ? 100 + 100 * t : 60));
  const auto features = describe(frames, 50);
  CHECK(features.mean_frame.size() == 256 && features.deviation.size() == 256);
  for (int i = 0; i < 256; ++i) {
    CHECK_NEAR(features.mean_frame[i], i % 16 < 8 ? 150 : 60, 1e-3);
    CHECK_NEAR(features.deviation[i], i % 16 < 8 ? 50 : 0, 1e-3);
  }
}

TEST("features: a speed as a byte and back") {
  CHECK(features::encode_speed(0) == 128 && features::encode_speed(1) == 255 && features::encode_speed(-1) == 1);
  CHECK(features::encode_speed(7) == 255 && features::encode_speed(-7) == 1);  // faster than the range
  CHECK(features::encode_speed(0.25) == 128 + 64);                             // 63.5 is rounded away from 0
  CHECK(features::encode_speed(-0.25) == 128 - 64);
  for (int byte = 1; byte < 256; ++byte) CHECK(features::encode_speed(features::decode_speed(byte)) == byte);
}

TEST("features: a volume at the clip's own rate and size is its middle") {
  std::vector<std::uint8_t> frames;
  for (int i = 0; i < 11 * 64 * 64; ++i) frames.push_back(static_cast<std::uint8_t>(i / (64 * 64) * 20 + i % 13));
  const auto volume = volume_of(frames, 50, {64, 50, 4});
  CHECK(volume.size() == 4u * 3 * 64 * 64);
  for (int t = 0; t < 4; ++t)  // 11 frames, of which 4 are shown, from frame 3 on
    for (int i = 0; i < 64 * 64; ++i) CHECK(volume[t * 3 * 64 * 64 + i] == frames[(t + 3) * 64 * 64 + i]);
}

TEST("features: a volume's grey is the mean over areas and over time") {
  // Frame t is 10 t everywhere; in the upper left 2 x 2 of each 4 x 4 it is 40 more. At 32 of 64 frames/s, two frames
  // each; at side 16, the means of 4 x 4 pixels.
  std::vector<std::uint8_t> frames;
  for (int t = 0; t < 8; ++t)
    for (int y = 0; y < 64; ++y)
      for (int x = 0; x < 64; ++x)
        frames.push_back(static_cast<std::uint8_t>(10 * t + (x % 4 < 2 && y % 4 < 2 ? 40 : 0)));
  const auto volume = volume_of(frames, 64, {16, 32, 64});
  CHECK(volume.size() == 4u * 3 * 16 * 16);
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < 256; ++i) CHECK(volume[t * 3 * 256 + i] == 20 * t + 5 + 10);
  // 1.5 clip frames a volume frame: 0, 0, 1/2 | 10/2, 20 ...
  const auto uneven = volume_of(frames, 48, {16, 32, 64});
  CHECK(uneven.size() == 5u * 3 * 256);
  CHECK(uneven[0] == 13);        // (0 + 10 / 2) / 1.5 + 10 = 13.3
  CHECK(uneven[3 * 256] == 27);  // (10 / 2 + 20) / 1.5 + 10 = 26.7
}

TEST("features: a volume's flow is in frame widths and heights per second, the last frame's that before it") {
  const auto volume = volume_of(blobs(9, 0.8), 32, {8, 32, 64});
  CHECK(volume.size() == 9u * 3 * 64);
  for (int t = 0; t < 9; ++t)
    for (const int cell : {27, 28, 35, 36}) {
      CHECK_NEAR(features::decode_speed(volume[(3 * t + 1) * 64 + cell]), 0.8 * 32 / 64, 0.03);
      CHECK_NEAR(features::decode_speed(volume[(3 * t + 2) * 64 + cell]), 0, 0.003);
    }
  for (int i = 64; i < 3 * 64; ++i) CHECK(volume[8 * 3 * 64 + i] == volume[7 * 3 * 64 + i]);
  // Seen at twice the rate, the same movement is twice as fast.
  const auto fast = volume_of(blobs(9, 0.8), 64, {8, 32, 64});
  CHECK(fast.size() == 4u * 3 * 64);
  CHECK_NEAR(features::decode_speed(fast[64 + 27]), 0.8 * 64 / 64, 0.06);
}

TEST("features: volumes of clips of one frame, of fewer frames than one step, and of odd sizes") {
  const auto one = volume_of(blobs(1, 0), 50, {8, 32, 64});
  CHECK(one.size() == 3u * 64);
  for (int i = 64; i < 3 * 64; ++i) CHECK(one[i] == 128);
  CHECK(volume_of(blobs(3, 1), 200, {8, 32, 64}).size() == 3u * 64);
  for (const int side : {1, 5, 64, 100}) {
    const auto volume = volume_of(blobs(4, 0.5), 25, {side, 32, 64});
    CHECK(volume.size() == 5u * 3 * side * side);  // 4 / 25 s are 5.12 frames
  }
  std::vector<std::uint8_t> volume;
  const auto frames = blobs(3, 1);
  CHECK(features::make_volume({frames.data(), 37, 23, 3, 30}, {10, 30, 2}, {}, Cancel(), &volume).ok());
  CHECK(volume.size() == 2u * 3 * 100);
}

TEST("features: descriptor and volume of one flow are those of two") {
  const auto frames = blobs(40, 0.6);
  features::ClipParams params;
  params.volume = features::VolumeParams{16, 32, 10};
  const auto both = describe(frames, 50, params), alone = describe(frames, 50);
  CHECK(both.descriptor == alone.descriptor && alone.volume.empty());
  CHECK(both.volume == volume_of(frames, 50, *params.volume));
}

TEST("features: cancelled") {
  Cancel cancel;
  cancel.request();
  const auto frames = blobs(3, 1);
  features::ClipFeatures features;
  CHECK(features::describe_clip({frames.data(), 64, 64, 3, 50}, {}, cancel, &features).code == "ABORTED");
  std::vector<std::uint8_t> volume;
  CHECK(features::make_volume({frames.data(), 64, 64, 3, 50}, {}, {}, cancel, &volume).code == "ABORTED");
  CHECK(volume.empty());
}
