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

// Expansions near the border rest on invented samples: the weight (squared) of each of n samples by its distance from
// the ends, about .14^2 at 0 and 1 px, .2 up to 4 px. Where n is less than ten both ends count.
std::vector<float> squared_trust(int n);

// OpenCV multiplies the weights along both axes only where its test for "near the border" is true, in unsigned arithmetic
// x - 5 >= n - 10 (or the same along the other axis), and 1 stands elsewhere. Where a side is below ten pixels that test
// misses those nearest to the border, so that the weights are no product any more: the weights (squared) of all pixels
// of such an image, rows `pitch` apart.
constexpr int kNarrow = 10;
std::vector<float> squared_trust(int width, int height, int pitch);

}  // namespace infomotion::flow
