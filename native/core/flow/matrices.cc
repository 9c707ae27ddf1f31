#include "flow/matrices.h"

#include <algorithm>

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

}  // namespace infomotion::flow
