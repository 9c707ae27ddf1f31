#include "flow/window.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace infomotion::flow {
namespace {

// The running sum down the columns starts anew after so many rows, so that rounding errors do not pile up.
constexpr int kRestart = 32;

void add_row(float* __restrict sum, const float* __restrict row, int n) {
  for (int i = 0; i < n; ++i) sum[i] += row[i];
}

}  // namespace

std::vector<float> gaussian_kernel(int half) {
  const double sigma = 0.3 * half;
  std::vector<double> weights(half + 1, 1.0);
  double sum = 1;
  for (int i = 1; i <= half; ++i) sum += 2 * (weights[i] = std::exp(-i * i / (2 * sigma * sigma)));
  std::vector<float> kernel;
  for (double weight : weights) kernel.push_back(static_cast<float>(weight / sum));
  return kernel;
}

WindowSolver::WindowSolver(int width, int height, int winsize, bool gaussian, Border border)
    : width_(width),
      half_(winsize / 2),
      pitch_(width + 2 * half_),
      row_(kEquations * pitch_),
      ring_rows_(std::min(2 * half_ + 2, height)),
      gain_(gaussian ? 1.0f : 1.0f / (static_cast<float>(winsize) * static_cast<float>(winsize))),
      kernel_(gaussian ? gaussian_kernel(half_) : std::vector<float>()),
      ring_(static_cast<std::size_t>(ring_rows_) * row_),
      columns_(row_),
      rows_(row_),
      doubled_{std::vector<float>(gaussian ? 0 : row_), std::vector<float>(gaussian ? 0 : row_)},
      maker_(width, height, border) {}

void WindowSolver::iterate(const MotionField& field, const Cancel& cancel) {
  int made = 0;
  for (int y = 0; y < field.height && !cancel.requested(); ++y) {
    for (const int last = std::min(y + half_, field.height - 1); made <= last; ++made)
      maker_.compute(field, made, equations(made) + half_, pitch_);
    if (kernel_.empty())
      sum_columns(y, field.height);
    else
      blur_columns(y, field.height);
    pad_columns();
    if (kernel_.empty())
      sum_rows();
    else
      blur_rows();
    const std::size_t offset = static_cast<std::size_t>(y) * width_;
    solve(field.u + offset, field.v + offset);
  }
}

// columns_ = sum of rows y - half .. y + half.
void WindowSolver::sum_columns(int y, int height) {
  const int top = std::max(y - half_ - 1, 0), bottom = std::min(y + half_, height - 1);
  if (y % kRestart == 0) {
    std::fill(columns_.begin(), columns_.end(), 0.0f);
    for (int j = y - half_; j <= y + half_; ++j)
      add_row(columns_.data(), equations(std::clamp(j, 0, height - 1)), row_);
    return;
  }
  float* __restrict sum = columns_.data();
  const float* __restrict enters = equations(bottom);
  const float* __restrict leaves = equations(top);
  for (int i = 0; i < row_; ++i) sum[i] += enters[i] - leaves[i];
}

void WindowSolver::blur_columns(int y, int height) {
  float* __restrict sum = columns_.data();
  const float* __restrict middle = equations(y);
  for (int i = 0; i < row_; ++i) sum[i] = kernel_[0] * middle[i];
  for (int j = 1; j <= half_; ++j) {
    const float weight = kernel_[j];
    const float* __restrict above = equations(std::max(y - j, 0));
    const float* __restrict below = equations(std::min(y + j, height - 1));
    for (int i = 0; i < row_; ++i) sum[i] += weight * (above[i] + below[i]);
  }
}

// Beyond the border stands the border's own value.
void WindowSolver::pad_columns() {
  for (int e = 0; e < kEquations; ++e) {
    float* row = columns_.data() + static_cast<std::size_t>(e) * pitch_;
    std::fill(row, row + half_, row[half_]);
    std::fill(row + half_ + width_, row + pitch_, row[half_ + width_ - 1]);
  }
}

// rows_[i] = columns_[i] + ... + columns_[i + 2 half], by doubling: sums of 1, 2, 4, ... neighbours, of which those
// that make up the window are laid end to end (15 = 1 + 2 + 4 + 8).
void WindowSolver::sum_rows() {
  const int window = 2 * half_ + 1, n = row_ - window + 1;
  std::copy(columns_.begin(), columns_.begin() + n, rows_.begin());
  const float* sums = columns_.data();
  int covered = 1;
  for (int size = 2; size <= window; size *= 2) {
    float* __restrict twice = doubled_[sums == doubled_[0].data()].data();
    const int half = size / 2;
    for (int i = 0; i <= row_ - size; ++i) twice[i] = sums[i] + sums[i + half];
    sums = twice;
    if ((window & size) == 0) continue;
    add_row(rows_.data(), sums + covered, n);
    covered += size;
  }
}

void WindowSolver::blur_rows() {
  const int n = row_ - 2 * half_;
  const float* __restrict middle = columns_.data() + half_;
  float* __restrict sum = rows_.data();
  for (int i = 0; i < n; ++i) sum[i] = kernel_[0] * middle[i];
  for (int j = 1; j <= half_; ++j) {
    const float weight = kernel_[j];
    for (int i = 0; i < n; ++i) sum[i] += weight * (middle[i - j] + middle[i + j]);
  }
}

// d = G^-1 h with G = (g22 g12; g12 g11), h = (h2, h1): x first.
void WindowSolver::solve(float* __restrict u, float* __restrict v) const {
  const float* __restrict g11 = rows_.data() + kG11 * pitch_;
  const float* __restrict g12 = rows_.data() + kG12 * pitch_;
  const float* __restrict g22 = rows_.data() + kG22 * pitch_;
  const float* __restrict h1 = rows_.data() + kH1 * pitch_;
  const float* __restrict h2 = rows_.data() + kH2 * pitch_;
  for (int x = 0; x < width_; ++x) {
    const float a = g11[x] * gain_, b = g12[x] * gain_, c = g22[x] * gain_;
    const float p = h1[x] * gain_, q = h2[x] * gain_;
    const float inverse = 1 / (a * c - b * b + kRegular);
    u[x] = (a * q - b * p) * inverse;
    v[x] = (c * p - b * q) * inverse;
  }
}

}  // namespace infomotion::flow
