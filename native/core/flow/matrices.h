// The equations of motion at one pixel. Two quadratics of the same structure, displaced by d, have A d = db with
// A = (A1 + A2) / 2 and db = -(b2 - b1) / 2 + A d~, where A2 and b2 are taken at the displacement d~ known so far
// (Farneback 2003, sections 3 and 4). What is averaged over a neighbourhood is A'A and A'db:
//   g11 = ayy^2 + axy^2   g12 = (axx + ayy) axy   g22 = axx^2 + axy^2   h1 = ayy by + axy bx   h2 = axy by + axx bx
#pragma once

#include <vector>

namespace infomotion::flow {

constexpr int kEquations = 5;
enum Equation { kG11, kG12, kG22, kH1, kH2 };

// What lies at the last row and column. kOpenCV: the outside, as OpenCV has it, although the image is known there, so
// that equal frames have some flow at those two borders. kSymmetric: the inside; equal frames have exactly none.
enum class Border { kOpenCV, kSymmetric };

// Two expanded frames of one level, and the flow between them known so far.
struct MotionField {
  int width, height;
  const float* from;  // expansion of the first frame: width * height * kCoefficients
  const float* to;    // expansion of the second
  float* u;           // width * height px, to the right
  float* v;           // width * height px, downwards
};

// Expansions near the border rest on invented samples: weight (squared) by distance from it, about .14^2 at 0 and 1 px,
// .2 up to 4 px. In an image narrower than ten pixels both sides count.
std::vector<float> squared_trust(int n);

class EquationRows {
 public:
  EquationRows(int width, int height, Border border);

  // The equations of row y: equation e at out + e * pitch.
  void compute(const MotionField& field, int y, float* out, int pitch);

 private:
  void sample(const MotionField& field, int y);

  Border border_;
  std::vector<float> trust_x_, trust_y_;  // squared trust in a pixel by its distance from the border
  std::vector<float> terms_;              // of one row, four a pixel: axx, ayy, and (b1 - b2) / 2 in x and y
  std::vector<float> mixed_;              // of one row: axy
};

}  // namespace infomotion::flow
