// What the flow of a pair says cell by cell: core/features/motion.h, at one frame per second.
#pragma once

#include <cmath>

#include "block.h"

namespace infomotion::cuda {

struct Cells {
  static constexpr int kThreads = 128, kDirections = 8, kChannels = 3 + kDirections;

  int width, height, side;  // side * side cells
  const float* flow;
  std::size_t flow_stride;
  float* values;  // pair p's at p * side * side * kChannels

  Grid grid(int pairs) const { return {side, side, pairs}; }
  std::size_t shared_floats() const { return kChannels * kThreads; }

  INFOMOTION_DEVICE static int bound(int i, int n, int cells) {
    return static_cast<int>(static_cast<long long>(i) * n / cells);
  }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const int left = bound(block.x(), width, side), right = bound(block.x() + 1, width, side);
    const int top = bound(block.y(), height, side), bottom = bound(block.y() + 1, height, side);
    const float* own = flow + block.z() * flow_stride;
    float* sums = block.shared();  // channel c of thread t at c * kThreads + t

    block.each([&](int thread) {
      float part[kChannels];
      INFOMOTION_UNROLL
      for (int c = 0; c < kChannels; ++c) part[c] = 0;
      if (right > left)
        for (Walk at(thread, kThreads, right - left); at.row < bottom - top; at.next())
          add(own, left + at.column, top + at.row, part);
      INFOMOTION_UNROLL
      for (int c = 0; c < kChannels; ++c) sums[c * kThreads + thread] = part[c];
    });
    for (int half = kThreads / 2; half > 0; half /= 2)
      block.each([&](int thread) {
        if (thread >= half) return;
        INFOMOTION_UNROLL
        for (int c = 0; c < kChannels; ++c) sums[c * kThreads + thread] += sums[c * kThreads + thread + half];
      });
    block.each([&](int c) {
      if (c >= kChannels) return;
      const int cells = side * side, cell = block.y() * side + block.x();
      const float pixels = static_cast<float>(right - left) * static_cast<float>(bottom - top);
      float* out = values + static_cast<std::size_t>(block.z()) * cells * kChannels;
      out[c < 3 ? c * cells + cell : 3 * cells + cell * kDirections + c - 3] =
          pixels > 0 ? sums[c * kThreads] / pixels : 0;
    });
  }

  INFOMOTION_DEVICE static float positive(float a) { return a > 0 ? a : 0; }
  INFOMOTION_DEVICE static float least(float a, float b) { return a < b ? a : b; }

  INFOMOTION_DEVICE void add(const float* own, int x, int y, float (&part)[kChannels]) const {
    constexpr float kRoot2 = 1.41421356f;
    const int before = larger(x - 1, 0), after = smaller(x + 1, width - 1);
    const int above = larger(y - 1, 0), below = smaller(y + 1, height - 1);
    const float per_column = after > before ? 1.0f / static_cast<float>(after - before) : 0;
    const float per_row = below > above ? 1.0f / static_cast<float>(below - above) : 0;
    const auto at = [&](int column, int row) { return own + 2 * (static_cast<std::size_t>(row) * width + column); };
    const float *here = at(x, y), *west = at(before, y), *east = at(after, y), *north = at(x, above),
                *south = at(x, below);
    const float u = here[0], v = here[1];
    part[0] += (east[0] - west[0]) * per_column + (south[1] - north[1]) * per_row;
    part[1] += (east[1] - west[1]) * per_column - (south[0] - north[0]) * per_row;
    part[2] += std::sqrt(u * u + v * v);
    part[3] += positive(u - std::fabs(v));
    part[4] += kRoot2 * positive(least(u, v));
    part[5] += positive(v - std::fabs(u));
    part[6] += kRoot2 * positive(least(-u, v));
    part[7] += positive(-u - std::fabs(v));
    part[8] += kRoot2 * positive(least(-u, -v));
    part[9] += positive(-v - std::fabs(u));
    part[10] += kRoot2 * positive(least(u, -v));
  }
};

}  // namespace infomotion::cuda
