#include "flow/expansion.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace infomotion::flow {

PolynomialBasis::PolynomialBasis(int radius, double sigma) : radius_(radius) {
  if (sigma <= 0) sigma = 0.3 * radius;
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += std::exp(-i * i / (2 * sigma * sigma));
  double m2 = 0, m4 = 0;
  for (int i = 0; i <= radius; ++i) {
    const double g = std::exp(-i * i / (2 * sigma * sigma)) / sum, square = static_cast<double>(i) * i;
    g_.push_back(static_cast<float>(g));
    xg_.push_back(static_cast<float>(g * i));
    xxg_.push_back(static_cast<float>(g * square));
    m2 += 2 * g * square;
    m4 += 2 * g * square * square;
  }
  const double variance = m4 - m2 * m2;
  first_ = static_cast<float>(1 / m2);
  mixed_ = static_cast<float>(1 / (m2 * m2));
  square_ = static_cast<float>(1 / variance);
  constant_square_ = static_cast<float>(-m2 / variance);
}

// The horizontal pass: from the vertical moments (sum g f, sum j g f, sum j^2 g f; padded by the radius on both
// sides) to the coefficients of one row. kRadius = 0: any radius.
template <int kRadius>
void PolynomialBasis::expand_row(const float* const moments[3], int w, float* __restrict out) const {
  const int radius = kRadius ? kRadius : radius_;
  const float* __restrict g = g_.data();
  const float* __restrict xg = xg_.data();
  const float* __restrict xxg = xxg_.data();
  const float* __restrict m0 = moments[0];
  const float* __restrict m1 = moments[1];
  const float* __restrict m2 = moments[2];
  for (int x = 0; x < w; ++x) {
    float one = g[0] * m0[x], bx = 0, bxx = 0, by = g[0] * m1[x], bxy = 0, byy = g[0] * m2[x];
    for (int i = 1; i <= radius; ++i) {
      const float even0 = m0[x + i] + m0[x - i], odd0 = m0[x + i] - m0[x - i];
      one += g[i] * even0;
      bx += xg[i] * odd0;
      bxx += xxg[i] * even0;
      by += g[i] * (m1[x + i] + m1[x - i]);
      bxy += xg[i] * (m1[x + i] - m1[x - i]);
      byy += g[i] * (m2[x + i] + m2[x - i]);
    }
    float* r = out + static_cast<std::size_t>(x) * kCoefficients;
    r[kX] = bx * first_;
    r[kY] = by * first_;
    r[kXX] = one * constant_square_ + bxx * square_;
    r[kYY] = one * constant_square_ + byy * square_;
    r[kXY] = bxy * mixed_;
  }
}

void PolynomialBasis::expand(const float* image, int w, int h, float* out, std::vector<float>& scratch,
                             const Cancel& cancel) const {
  const int pitch = w + 2 * radius_;
  scratch.resize(static_cast<std::size_t>(pitch) * 3);
  float* rows[3];
  for (int i = 0; i < 3; ++i) rows[i] = scratch.data() + static_cast<std::size_t>(i) * pitch + radius_;
  const auto line = [&](int y) { return image + static_cast<std::size_t>(std::clamp(y, 0, h - 1)) * w; };

  for (int y = 0; y < h && !cancel.requested(); ++y, out += static_cast<std::size_t>(w) * kCoefficients) {
    float* __restrict m0 = rows[0];
    float* __restrict m1 = rows[1];
    float* __restrict m2 = rows[2];
    const float* __restrict middle = line(y);
    for (int x = 0; x < w; ++x) {
      m0[x] = middle[x] * g_[0];
      m1[x] = m2[x] = 0;
    }
    for (int i = 1; i <= radius_; ++i) {
      const float* __restrict above = line(y - i);
      const float* __restrict below = line(y + i);
      const float g = g_[i], xg = xg_[i], xxg = xxg_[i];
      for (int x = 0; x < w; ++x) {
        const float even = below[x] + above[x], odd = below[x] - above[x];
        m0[x] += g * even;
        m1[x] += xg * odd;
        m2[x] += xxg * even;
      }
    }
    for (float* row : rows) {
      std::fill(row - radius_, row, row[0]);
      std::fill(row + w, row + w + radius_, row[w - 1]);
    }
    if (radius_ == 5)
      expand_row<5>(rows, w, out);
    else if (radius_ == 7)
      expand_row<7>(rows, w, out);
    else
      expand_row<0>(rows, w, out);
  }
}

}  // namespace infomotion::flow
