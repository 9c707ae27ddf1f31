#include "flow/matrices.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::flow {

std::vector<float> squared_border_weights(int n) {
  constexpr int kDistances = 5;
  constexpr float kWeights[kDistances] = {0.14f, 0.14f, 0.4472f, 0.4472f, 0.4472f};
  std::vector<float> weights(n, 1.0f);
  for (int i = 0; i < std::min(kDistances, n); ++i) {
    weights[i] *= kWeights[i];
    weights[n - 1 - i] *= kWeights[i];
  }
  for (float& t : weights) t *= t;
  return weights;
}

std::vector<float> squared_border_weights(int width, int height, int pitch) {
  const std::vector<float> along = squared_border_weights(width), down = squared_border_weights(height);
  const auto near = [](int i, int n) {
    return static_cast<unsigned>(i - kNarrow / 2) >= static_cast<unsigned>(n - kNarrow);
  };
  std::vector<float> weights(static_cast<std::size_t>(pitch) * height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      weights[static_cast<std::size_t>(y) * pitch + x] = near(x, width) || near(y, height) ? along[x] * down[y] : 1.0f;
  return weights;
}

}  // namespace infomotion::flow
