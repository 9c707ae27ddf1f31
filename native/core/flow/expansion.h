// Polynomial expansion: around every pixel the image is fitted by a quadratic,
//   f(x, y) ~ c + rx x + ry y + rxx x^2 + ryy y^2 + rxy x y,
// weighted least squares under a Gaussian (Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion",
// SCIA 2003, section 2).
#pragma once

#include <array>
#include <vector>

#include "runtime/cancel.h"

namespace infomotion::flow {

// Coefficients lie side by side, padded to 8 floats a pixel, so that one bilinear sample of all of them is four
// aligned reads. The constant is not kept: motion does not depend on it.
constexpr int kCoefficients = 8;
enum Coefficient { kXX, kYY, kX, kY, kXY };

// The Gaussian weights g(i), |i| <= radius, and what remains of the normal equations' inverse. With moments
// m2 = sum g i^2 and m4 = sum g i^4 the basis (1, x, y, x^2 - m2, y^2 - m2, x y) is orthogonal, hence the closed form.
class PolynomialBasis {
 public:
  // sigma = 0: 0.3 * radius.
  PolynomialBasis(int radius, double sigma);

  // The expansion of a w x h image into out (w * h * kCoefficients). The image's border rows and columns stand for
  // what lies beyond. Stops early, with `out` unfinished, when cancelled.
  void expand(const float* image, int w, int h, float* out, std::vector<float>& scratch, const Cancel& cancel) const;

  // What the expansion is made of, for other machines to make it: i^power g(i) for i = 0..radius (power 0, 1, 2), and
  // the inverse of the normal equations, in the order { linear, square, constant to square, mixed }.
  const std::vector<float>& taps(int power) const { return power == 0 ? g_ : power == 1 ? xg_ : xxg_; }
  std::array<float, 4> inverse() const { return {first_, square_, constant_square_, mixed_}; }

 private:
  template <int kRadius>
  void expand_row(const float* const moments[3], int w, float* out) const;

  int radius_;
  std::vector<float> g_, xg_, xxg_;  // g(i), i g(i), i^2 g(i) for i = 0..radius
  float first_;                      // 1 / m2
  float square_, constant_square_;   // 1 / (m4 - m2^2), -m2 / (m4 - m2^2)
  float mixed_;                      // 1 / m2^2
};

}  // namespace infomotion::flow
