#include <cmath>
#include <cstdint>
#include <vector>

#include "features/clip.h"
#include "features/motion.h"
#include "test.h"

using namespace infomotion;
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

TEST("features: the same movement at half the frame rate is the same movement") {
  const auto fast = describe(blobs(21, 0.5), 60), slow = describe(blobs(11, 1.0), 30);
  const std::size_t magnitudes = 4 * 16;  // after the mean and deviation of divergence and curl
  CHECK(fast.descriptor.size() == 352);
  for (int cell = 0; cell < 16; ++cell) {
    CHECK(fast.descriptor[magnitudes + cell] > 5);
    CHECK_NEAR(slow.descriptor[magnitudes + cell] / fast.descriptor[magnitudes + cell], 1, 0.1);
  }
}

TEST("features: a clip without movement, or of one frame, gives exactly zero") {
  const auto frame = blobs(1, 0);
  std::vector<std::uint8_t> still;
  for (int t = 0; t < 4; ++t) still.insert(still.end(), frame.begin(), frame.end());
  for (const auto& frames : {still, frame}) {
    const auto features = describe(frames, 50);
    CHECK(features.descriptor.size() == 352);
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

TEST("features: cancelled") {
  Cancel cancel;
  cancel.request();
  const auto frames = blobs(3, 1);
  features::ClipFeatures features;
  CHECK(features::describe_clip({frames.data(), 64, 64, 3, 50}, {}, cancel, &features).code == "ABORTED");
}
