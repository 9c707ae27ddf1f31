#include "flow/pyramid.h"

#include <algorithm>
#include <cmath>

namespace infomotion::flow {
namespace {

constexpr double kSmallestSide = 32;

// exp(-i^2 / 2 sigma^2), summing to one.
std::vector<double> blur_kernel(double scale) {
  const double sigma = (1 / scale - 1) / 2;
  const int size = std::max(static_cast<int>(std::nearbyint(5 * sigma)) | 1, 3);
  if (sigma <= 0) return {0.25, 0.5, 0.25};
  std::vector<double> kernel(size);
  const int middle = size / 2;
  double sum = 0;
  for (int i = 0; i < size; ++i) {
    const double x = i - middle;
    sum += kernel[i] = std::exp(-x * x / (2 * sigma * sigma));
  }
  for (double& weight : kernel) weight /= sum;
  return kernel;
}

}  // namespace

std::vector<Level> make_levels(int width, int height, double pyr_scale, int extra) {
  std::vector<Level> levels;
  double scale = 1;
  for (int k = 0; k <= extra; ++k, scale *= pyr_scale) {
    if (k > 0 && (width * scale < kSmallestSide || height * scale < kSmallestSide)) break;
    Level level;
    level.scale = scale;
    level.width = static_cast<int>(std::nearbyint(width * scale));
    level.height = static_cast<int>(std::nearbyint(height * scale));
    const std::vector<double> kernel = blur_kernel(scale);
    level.image_x = bilinear_filter(width, level.width, kernel);
    level.image_y = bilinear_filter(height, level.height, kernel);
    if (k > 0) {
      Level& finer = levels.back();
      finer.flow_x = bilinear_filter(level.width, finer.width);
      finer.flow_y = bilinear_filter(level.height, finer.height);
    }
    levels.push_back(std::move(level));
  }
  return levels;
}

}  // namespace infomotion::flow
