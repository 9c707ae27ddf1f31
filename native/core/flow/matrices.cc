#include "flow/matrices.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::flow {

std::vector<float> squared_trust(int n) {
  constexpr int kDistances = 5;
  constexpr float kTrust[kDistances] = {0.14f, 0.14f, 0.4472f, 0.4472f, 0.4472f};
  std::vector<float> trust(n, 1.0f);
  for (int i = 0; i < std::min(kDistances, n); ++i) {
    trust[i] *= kTrust[i];
    trust[n - 1 - i] *= kTrust[i];
  }
  for (float& t : trust) t *= t;
  return trust;
}

std::vector<float> squared_trust(int width, int height, int pitch) {
  const std::vector<float> along = squared_trust(width), down = squared_trust(height);
  const auto near = [](int i, int n) {
    return static_cast<unsigned>(i - kNarrow / 2) >= static_cast<unsigned>(n - kNarrow);
  };
  std::vector<float> trust(static_cast<std::size_t>(pitch) * height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      trust[static_cast<std::size_t>(y) * pitch + x] = near(x, width) || near(y, height) ? along[x] * down[y] : 1.0f;
  return trust;
}

}  // namespace infomotion::flow
