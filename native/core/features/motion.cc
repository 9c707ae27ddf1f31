#include "features/motion.h"

#include <algorithm>
#include <cmath>

namespace infomotion::features {
namespace {

std::vector<int> cell_bounds(int n, int grid) {
  std::vector<int> bounds;
  for (int i = 0; i <= grid; ++i) bounds.push_back(static_cast<int>(static_cast<long long>(i) * n / grid));
  return bounds;
}

// sums[x] += part(u, v) of each pixel of a row.
template <typename Part>
void add(int w, const float* __restrict us, const float* __restrict vs, float* __restrict sums, Part part) {
  for (int x = 0; x < w; ++x) sums[x] += part(us[x], vs[x]);
}

// max(a, 0), without a branch.
float positive(float a) { return 0.5f * (a + std::fabs(a)); }
float smaller(float a, float b) { return a < b ? a : b; }

// To sums[d * w + x] the part of (u, v) along direction d. To the right that is u - |v| where positive; along a
// diagonal sqrt(2) times the smaller of the two components that point its way.
void add_directions(int w, const float* u, const float* v, float* sums) {
  constexpr float kRoot2 = 1.41421356f;
  add(w, u, v, sums, [](float u, float v) { return positive(u - std::fabs(v)); });
  add(w, u, v, sums + w, [](float u, float v) { return kRoot2 * positive(smaller(u, v)); });
  add(w, u, v, sums + 2 * w, [](float u, float v) { return positive(v - std::fabs(u)); });
  add(w, u, v, sums + 3 * w, [](float u, float v) { return kRoot2 * positive(smaller(-u, v)); });
  add(w, u, v, sums + 4 * w, [](float u, float v) { return positive(-u - std::fabs(v)); });
  add(w, u, v, sums + 5 * w, [](float u, float v) { return kRoot2 * positive(smaller(-u, -v)); });
  add(w, u, v, sums + 6 * w, [](float u, float v) { return positive(-v - std::fabs(u)); });
  add(w, u, v, sums + 7 * w, [](float u, float v) { return kRoot2 * positive(smaller(u, -v)); });
}

// sums[x] += da/dx + sign * db/dy at row y: central differences, one-sided at the border.
void add_derivatives(int w, int h, int y, const float* a, const float* b, float sign, float* __restrict sums) {
  const int above = std::max(y - 1, 0), below = std::min(y + 1, h - 1);
  const float per_row = below > above ? sign / static_cast<float>(below - above) : 0;
  const float* __restrict row = a + static_cast<std::size_t>(y) * w;
  const float* __restrict up = b + static_cast<std::size_t>(above) * w;
  const float* __restrict down = b + static_cast<std::size_t>(below) * w;
  for (int x = 1; x + 1 < w; ++x) sums[x] += (row[x + 1] - row[x - 1]) * 0.5f + (down[x] - up[x]) * per_row;
  const auto at_end = [&](int x, int before, int after) {
    sums[x] += (row[after] - row[before]) + (down[x] - up[x]) * per_row;
  };
  at_end(0, 0, std::min(1, w - 1));
  if (w > 1) at_end(w - 1, w - 2, w - 1);
}

}  // namespace

MotionCells::MotionCells(int width, int height, int grid)
    : width_(width),
      height_(height),
      grid_(grid),
      left_(cell_bounds(width, grid)),
      top_(cell_bounds(height, grid)),
      columns_(static_cast<std::size_t>(width) * kChannels),
      u_(static_cast<std::size_t>(width) * height),
      v_(u_.size()) {}

void MotionCells::add_row(int y) {
  const int w = width_;
  const float* u = u_.data() + static_cast<std::size_t>(y) * w;
  const float* v = v_.data() + static_cast<std::size_t>(y) * w;
  float* divergence = columns_.data();
  float* curl = divergence + w;
  float* magnitude = curl + w;
  add_derivatives(w, height_, y, u_.data(), v_.data(), 1, divergence);
  add_derivatives(w, height_, y, v_.data(), u_.data(), -1, curl);
  add(w, u, v, magnitude, [](float u, float v) { return std::sqrt(u * u + v * v); });
  add_directions(w, u, v, magnitude + w);
}

void MotionCells::measure(const float* flow, double fps, float* out) {
  const int cells = grid_ * grid_;
  for (std::size_t i = 0; i < u_.size(); ++i) {
    u_[i] = flow[2 * i];
    v_[i] = flow[2 * i + 1];
  }
  for (int row = 0; row < grid_; ++row) {
    std::fill(columns_.begin(), columns_.end(), 0.0f);
    for (int y = top_[row]; y < top_[row + 1]; ++y) add_row(y);
    for (int column = 0; column < grid_; ++column) {
      const int cell = row * grid_ + column, left = left_[column], right = left_[column + 1];
      const double pixels = static_cast<double>(right - left) * (top_[row + 1] - top_[row]);
      for (int channel = 0; channel < kChannels; ++channel) {
        double sum = 0;
        for (int x = left; x < right; ++x) sum += columns_[static_cast<std::size_t>(channel) * width_ + x];
        const float mean = pixels > 0 ? static_cast<float>(sum / pixels * fps) : 0;
        if (channel < 3) out[channel * cells + cell] = mean;
        else out[3 * cells + cell * kDirections + channel - 3] = mean;
      }
    }
  }
}

Excursions::Excursions(int width, int height, int grid)
    : width_(width), height_(height), cells_(static_cast<std::size_t>(grid) * grid) {
  for (auto* sums : {&position_, &sum_, &squares_, &with_time_}) sums->resize(3 * cells_);
}

void Excursions::add(const float* values, double fps) {
  constexpr double kHalf = 0.70710678118654752;  // cosine and sine of 45 degrees
  const float* direction = values + 3 * cells_;
  for (std::size_t cell = 0; cell < cells_; ++cell, direction += kDirections) {
    const double along = kHalf * (direction[1] - direction[5]), across = kHalf * (direction[3] - direction[7]);
    position_[cell] += (direction[0] - direction[4] + along - across) / (fps * width_);
    position_[cells_ + cell] += (direction[2] - direction[6] + along + across) / (fps * height_);
    position_[2 * cells_ + cell] += values[cell] / fps;
  }
  ++time_;
  ++count_;
  for (std::size_t i = 0; i < position_.size(); ++i) {
    sum_[i] += position_[i];
    squares_[i] += position_[i] * position_[i];
    with_time_[i] += position_[i] * time_;
  }
}

// Least squares: the variance about the line is var(x) - cov(x, t)^2 / var(t), with t = 0 .. n - 1.
float Excursions::deviation(std::size_t i) const {
  const double n = static_cast<double>(count_), mean = sum_[i] / n;
  const double time_variance = (n * n - 1) / 12, covariance = with_time_[i] / n - mean * time_ / 2;
  if (time_variance == 0) return 0;
  const double square = squares_[i] / n;
  const double variance = square - mean * mean - covariance * covariance / time_variance;
  return variance > 1e-12 * square ? static_cast<float>(std::sqrt(variance)) : 0;  // less is rounding
}

void TimeStatistics::add(const float* values) {
  ++count_;
  for (std::size_t i = 0; i < sum_.size(); ++i) {
    const double value = values[i];
    sum_[i] += value;
    squares_[i] += value * value;
  }
}

float TimeStatistics::mean(std::size_t i) const {
  return count_ > 0 ? static_cast<float>(sum_[i] / static_cast<double>(count_)) : 0;
}

float TimeStatistics::deviation(std::size_t i) const {
  if (count_ == 0) return 0;
  const double n = static_cast<double>(count_), mean = sum_[i] / n;
  return static_cast<float>(std::sqrt(std::max(0.0, squares_[i] / n - mean * mean)));
}

// In units of a third of a sample: third k is [k n, (k + 1) n) of [0, 3 n), sample i is [3 i, 3 i + 3). Whole numbers.
void ThirdMeans::add(const float* values) {
  const std::size_t from = kThirds * count_++, to = from + kThirds;
  for (std::size_t third = 0; third < kThirds; ++third) {
    const std::size_t first = std::max(from, third * samples_), last = std::min(to, (third + 1) * samples_);
    if (last <= first) continue;
    double* sum = sum_.data() + third * size_;
    for (std::size_t i = 0; i < size_; ++i) sum[i] += static_cast<double>(last - first) * values[i];
  }
}

float ThirdMeans::mean(std::size_t i) const {
  return samples_ > 0 ? static_cast<float>(sum_[i] / static_cast<double>(samples_)) : 0;
}

}  // namespace infomotion::features
