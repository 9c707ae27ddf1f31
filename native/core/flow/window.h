// What the equations of motion are averaged over.
#pragma once

#include <vector>

namespace infomotion::flow {

// Keeps the determinant off zero where there is no structure; in grey levels to the fourth (images are 0..255).
constexpr float kRegular = 1e-3f;

// Weights exp(-i^2 / 2 sigma^2), sigma = 0.3 half, for i = 0 .. half; those of -half .. half sum to one.
std::vector<float> gaussian_kernel(int half);

// (2 half + 1)^2 pixels, half = winsize / 2, border rows and columns standing for what lies beyond. Box: equal weights
// 1 / winsize^2. Gaussian: gaussian_kernel(half) along both axes.
struct Window {
  Window(int winsize, bool gaussian);

  int half;
  std::vector<float> kernel;  // empty: box
  float regular;              // kRegular for sums where they stand for means: the box's are not divided
};

}  // namespace infomotion::flow
