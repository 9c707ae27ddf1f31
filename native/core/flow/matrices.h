// The equations of motion at one pixel. Two quadratics of the same structure, displaced by d, have A d = db with
// A = (A1 + A2) / 2 and db = -(b2 - b1) / 2 + A d~, where A2 and b2 are taken at the displacement d~ known so far
// (Farneback 2003, sections 3 and 4). What is averaged over a neighbourhood is A'A and A'db:
//   g11 = ayy^2 + axy^2   g12 = (axx + ayy) axy   g22 = axx^2 + axy^2   h1 = ayy by + axy bx   h2 = axy by + axx bx
#pragma once

#include <vector>

namespace infomotion::flow {

constexpr int kEquations = 5;
enum Equation { kG11, kG12, kG22, kH1, kH2 };

// Whether the last row and column count as inside the image. kOpenCV: as outside, which is what OpenCV does although
// the image is known there, so that equal frames have some flow at those two borders. kSymmetric: as inside; equal
// frames have exactly no flow.
enum class Border { kOpenCV, kSymmetric };

// Expansions near the border rest on samples beyond it, which are made up, so they get less weight (OpenCV's table
// `border`). The squared weights of n samples by their distance from the ends: .14^2 at 0 and 1 px, .4472^2 = .2 up to
// 4 px, and 1 further in. If n is below ten, the weights of both ends are multiplied.
std::vector<float> squared_border_weights(int n);

// OpenCV multiplies the weights along both axes only where its test for "near the border" is true, in unsigned
// arithmetic x - 5 >= n - 10 (or the same along the other axis); elsewhere the weight is 1. If a side is below ten
// pixels the test misses the pixels nearest to the border, and the weights are no longer a product of one factor per
// axis. These are the squared weights of all pixels of such an image, rows `pitch` apart.
constexpr int kNarrow = 10;
std::vector<float> squared_border_weights(int width, int height, int pitch);

}  // namespace infomotion::flow
