#include "flow/matrices.h"

#include <algorithm>
#include <cstddef>

#include "flow/expansion.h"

namespace infomotion::flow {
namespace {

// The four pixels around a place in the second frame, and their bilinear weights.
struct Corners {
  const float *top_left, *top_right, *bottom_left, *bottom_right;
  float w00, w01, w10, w11;

  float sample(int c) const {
    return w00 * top_left[c] + w01 * top_right[c] + w10 * bottom_left[c] + w11 * bottom_right[c];
  }
};

// The equations from the terms of one row.
void assemble(int w, const float* __restrict terms, const float* __restrict mixed, const float* __restrict u,
              const float* __restrict v, const float* __restrict trust_x, float trust_y, float* __restrict g11,
              float* __restrict g12, float* __restrict g22, float* __restrict h1, float* __restrict h2) {
  for (int x = 0; x < w; ++x) {
    const float axx = terms[4 * x], ayy = terms[4 * x + 1], axy = mixed[x];
    const float bx = terms[4 * x + 2] + axx * u[x] + axy * v[x];
    const float by = terms[4 * x + 3] + axy * u[x] + ayy * v[x];
    const float trust = trust_x[x] * trust_y;
    g11[x] = (ayy * ayy + axy * axy) * trust;
    g12[x] = (axx + ayy) * axy * trust;
    g22[x] = (axx * axx + axy * axy) * trust;
    h1[x] = (ayy * by + axy * bx) * trust;
    h2[x] = (axy * by + axx * bx) * trust;
  }
}

}  // namespace

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

EquationRows::EquationRows(int width, int height, Border border)
    : border_(border),
      trust_x_(squared_trust(width)),
      trust_y_(squared_trust(height)),
      terms_(static_cast<std::size_t>(width) * 4),
      mixed_(width) {}

// A is the mean of both frames' quadratic terms, db half the difference of their linear ones, the second frame taken
// where the flow leads; where that is outside, the first frame's alone.
void EquationRows::sample(const MotionField& field, int y) {
  const int w = field.width, h = field.height;
  const std::size_t pitch = static_cast<std::size_t>(w) * kCoefficients;
  const float* r = field.from + y * pitch;
  const float* u = field.u + static_cast<std::size_t>(y) * w;
  const float* v = field.v + static_cast<std::size_t>(y) * w;
  float* terms = terms_.data();
  float* mixed = mixed_.data();
  const bool symmetric = border_ == Border::kSymmetric;
  const float last_x = static_cast<float>(w - 1), last_y = static_cast<float>(h - 1);
  for (int x = 0; x < w; ++x, r += kCoefficients, terms += 4) {
    const float fx = static_cast<float>(x) + u[x], fy = static_cast<float>(y) + v[x];
    // Comparisons of floats, so that a flow that is not finite is outside.
    const bool inside = fx >= 0 && fy >= 0 && (symmetric ? fx <= last_x && fy <= last_y : fx < last_x && fy < last_y);
    if (!inside) {
      for (int c = 0; c < 2; ++c) terms[c] = r[c];
      for (int c = 2; c < 4; ++c) terms[c] = r[c] * 0.5f;
      mixed[x] = r[kXY] * 0.5f;
      continue;
    }
    const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
    const float ax = fx - static_cast<float>(ix), ay = fy - static_cast<float>(iy);
    const float* top = field.to + iy * pitch + static_cast<std::size_t>(ix) * kCoefficients;
    const float* bottom = iy + 1 < h ? top + pitch : top;
    const int right = ix + 1 < w ? kCoefficients : 0;
    const Corners to = {top, top + right, bottom, bottom + right,
                        (1 - ax) * (1 - ay), ax * (1 - ay), (1 - ax) * ay, ax * ay};
    constexpr float kSign[4] = {1, 1, -1, -1};
    float sum[4];  // apart from `terms`, which could overlap `r` for all the compiler knows: four lanes of a vector
    for (int c = 0; c < 4; ++c) sum[c] = (r[c] + kSign[c] * to.sample(c)) * 0.5f;
    for (int c = 0; c < 4; ++c) terms[c] = sum[c];
    mixed[x] = (r[kXY] + to.sample(kXY)) * 0.25f;
  }
}

void EquationRows::compute(const MotionField& field, int y, float* out, int pitch) {
  sample(field, y);
  const std::size_t offset = static_cast<std::size_t>(y) * field.width;
  assemble(field.width, terms_.data(), mixed_.data(), field.u + offset, field.v + offset, trust_x_.data(), trust_y_[y],
           out + kG11 * pitch, out + kG12 * pitch, out + kG22 * pitch, out + kH1 * pitch, out + kH2 * pitch);
}

}  // namespace infomotion::flow
