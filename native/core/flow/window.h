// One iteration of the flow: equations of every pixel, averaged over a window, solved for the displacement.
#pragma once

#include <vector>

#include "flow/matrices.h"
#include "runtime/cancel.h"

namespace infomotion::flow {

// Keeps the determinant off zero where there is no structure; in grey levels to the fourth (images are 0..255).
constexpr float kRegular = 1e-3f;

// A window of (2m + 1)^2 pixels, m = winsize / 2, border rows and columns standing for what lies beyond.
// Box: equal weights 1 / winsize^2. Gaussian: sigma = 0.3 m, weights that sum to one.
std::vector<float> gaussian_kernel(int half);  // for 0..half

class WindowSolver {
 public:
  WindowSolver(int width, int height, int winsize, bool gaussian, Border border);

  // Improves field.u and field.v in place: row y of the flow may change as soon as the equations of rows up to y + m
  // are made, so only the 2m + 2 rows of equations in use are ever kept. Stops early when cancelled.
  void iterate(const MotionField& field, const Cancel& cancel);

 private:
  float* equations(int y) { return ring_.data() + static_cast<std::size_t>(y % ring_rows_) * row_; }
  void sum_columns(int y, int height);
  void blur_columns(int y, int height);
  void pad_columns();
  void sum_rows();
  void blur_rows();
  void solve(float* u, float* v) const;

  int width_, half_, pitch_, row_, ring_rows_;  // a row is kEquations stretches of pitch_ = width + 2 half samples
  float gain_;
  std::vector<float> kernel_;   // Gaussian weights for 0..half; empty: box
  std::vector<float> ring_;     // equations of the rows in use
  std::vector<float> columns_;  // summed over the window's rows
  std::vector<float> rows_;     // and then over its columns
  std::vector<float> doubled_[2];
  EquationRows maker_;
};

}  // namespace infomotion::flow
