#include "flow/window.h"

#include <cmath>

namespace infomotion::flow {

std::vector<float> gaussian_kernel(int half) {
  const double sigma = 0.3 * half;
  std::vector<double> weights(half + 1, 1.0);
  double sum = 1;
  for (int i = 1; i <= half; ++i) sum += 2 * (weights[i] = std::exp(-i * i / (2 * sigma * sigma)));
  std::vector<float> kernel;
  for (double weight : weights) kernel.push_back(static_cast<float>(weight / sum));
  return kernel;
}

// With sums S = area M in place of means M the determinant S S - S S is area^2 times as large, so `regular` must be
// too.
Window::Window(int winsize, bool gaussian) : half(winsize / 2), regular(kRegular) {
  if (gaussian) {
    kernel = gaussian_kernel(half);
  } else {
    const double area = static_cast<double>(winsize) * winsize;
    regular = static_cast<float>(kRegular * area * area);
  }
}

}  // namespace infomotion::flow
