// The window over which the equations of motion are averaged.
#pragma once

#include <vector>

namespace infomotion::flow {

// Keeps the determinant off zero where there is no structure; in grey levels to the fourth (images are 0..255).
constexpr float kRegular = 1e-3f;

// Weights exp(-i^2 / 2 sigma^2), sigma = 0.3 half, for i = 0 .. half; those of -half .. half sum to one.
std::vector<float> gaussian_kernel(int half);

// (2 half + 1)^2 pixels, half = winsize / 2; beyond the border, the border rows and columns are repeated. Box: equal
// weights 1 / winsize^2. Gaussian: gaussian_kernel(half) along both axes.
struct Window {
  Window(int winsize, bool gaussian);

  int half;
  std::vector<float> kernel;  // empty: box
  float regular;              // kRegular, scaled for the box, whose sums are not divided by its area
};

}  // namespace infomotion::flow
