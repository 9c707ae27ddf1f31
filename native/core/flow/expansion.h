// Polynomial expansion: around every pixel the image is fitted by a quadratic,
//   f(x, y) ~ c + rx x + ry y + rxx x^2 + ryy y^2 + rxy x y,
// weighted least squares under a Gaussian (Farneback, "Two-Frame Motion Estimation Based on Polynomial Expansion",
// SCIA 2003, section 2).
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "flow/pyramid.h"
#include "flow/resample.h"
#include "runtime/buffer.h"
#include "runtime/cancel.h"

namespace infomotion::flow {

// The Gaussian weights g(i), |i| <= radius, and the inverse of the normal equations. With the moments m2 = sum g i^2
// and m4 = sum g i^4 the basis (1, x, y, x^2 - m2, y^2 - m2, x y) is orthogonal, so that the inverse has a closed form.
class PolynomialBasis {
 public:
  // sigma = 0: 0.3 * radius.
  PolynomialBasis(int radius, double sigma);

  int radius() const { return static_cast<int>(taps_[0].size()) - 1; }

  // i^power g(i) for i = 0..radius; power 0, 1, 2.
  const std::vector<float>& taps(int power) const { return taps_[power]; }

  // (i^2 - m2) g(i) for i = 0..radius: the weights of the basis function x^2 - m2. Over all i, negative ones too, they
  // sum to zero, so they can be applied to the second differences f(i) + f(-i) - 2 f(0): the rounding errors of a large
  // mean grey level then do not hide the curvature.
  const std::vector<float>& second_difference_taps() const { return second_difference_taps_; }

  // { linear: 1 / m2, square: 1 / (m4 - m2^2), constant to square: -m2 / (m4 - m2^2), mixed: 1 / m2^2 }
  const std::array<float, 4>& inverse() const { return inverse_; }

 private:
  std::vector<float> taps_[3], second_difference_taps_;
  std::array<float, 4> inverse_;
};

// What is kept of the fit: half of each coefficient and a quarter of rxy. That is what the equations of motion take:
// they use the mean of two frames, and the matrix of a quadratic form has half of rxy in two places. The constant is
// not kept, since motion does not depend on it.
constexpr int kCoefficients = 5;
enum Coefficient { kXX, kYY, kX, kY, kXY };

// The expansion of one image, row by row; in a row each coefficient has a stretch of `pitch` floats. Neighbouring
// pixels mostly move alike, so a vector of them can mostly be sampled from neighbouring places, without gathers.
class Expansion {
 public:
  Expansion(int width, int height)
      : pitch_(static_cast<int>(runtime::padded(width))),
        floats_(runtime::Buffer::raw(static_cast<std::size_t>(pitch_) * kCoefficients * height)) {}

  int pitch() const { return pitch_; }
  float* row(int y) { return floats_.data() + static_cast<std::size_t>(y) * kCoefficients * pitch_; }
  const float* row(int y) const { return floats_.data() + static_cast<std::size_t>(y) * kCoefficients * pitch_; }
  std::size_t bytes() const { return floats_.size() * sizeof(float); }

 private:
  int pitch_;
  runtime::Buffer floats_;
};

// Makes the expansions of frames at one level. It streams: only the rows in use of the level's image are kept.
class Expander {
 public:
  // The arguments must outlive it.
  Expander(const Kernels& kernels, const PolynomialBasis& basis, const Level& level);

  // Rows [begin, end) of the expansion of a full-size frame, whose rows begin `frame_pitch` values apart (T: uint8 or
  // float). `follows`: the last call ended with row begin - 1 of the same. Stops early, with `out` unfinished, when
  // cancelled.
  template <typename T>
  void expand(const T* frame, std::size_t frame_pitch, int begin, int end, bool follows, Expansion* out,
              const runtime::Cancel& cancel);

  std::size_t bytes() const { return (ring_.size() + moments_.size()) * sizeof(float); }

 private:
  float* image_row(int y) { return ring_.data() + static_cast<std::size_t>(y % ring_rows_) * pitch_; }

  const Kernels& kernels_;
  const PolynomialBasis& basis_;
  const Level& level_;
  int pitch_, moments_pitch_, ring_rows_;
  int made_ = 0;  // the next row of the level's image
  Resampler resampler_;
  runtime::Buffer ring_;     // rows of the level's image
  runtime::Buffer moments_;  // three rows, padded
  std::vector<const float*> window_;
};

}  // namespace infomotion::flow
