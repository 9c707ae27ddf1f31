// Dense optical flow of a sequence of frames by Farneback's method, numerically that of OpenCV's
// calcOpticalFlowFarneback. Each frame is expanded once and kept for the next pair.
#pragma once

#include <cstdint>
#include <vector>

#include "flow/expansion.h"
#include "flow/pyramid.h"
#include "flow/window.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::flow {

struct FarnebackParams {
  double pyr_scale = 0.5;   // size of a level relative to the one before, 0 < pyr_scale < 1
  int levels = 3;           // levels beside the full size (fewer where a side would fall below 32 px)
  int winsize = 15;         // px, see WindowSolver
  int iterations = 3;       // at each level
  int poly_n = 5;           // radius of the polynomial expansion, px
  double poly_sigma = 1.2;  // of its Gaussian, px, at least 0.3; 0: 0.3 * poly_n
  bool gaussian = false;    // a Gaussian window in place of the box
  Border border = Border::kOpenCV;
};

class FarnebackSequence {
 public:
  Status init(int width, int height, const FarnebackParams& params);

  // Takes the next frame (row by row; grey levels 0..255, in bytes or floats) and, from the second on, gives the flow
  // from the frame before to this one: `flow` gets width * height pairs (u, v) in px. `initial`, where not null, is a
  // first guess of the same form. Fails only with ABORTED, and then begins anew.
  Status push(const std::uint8_t* frame, const float* initial, float* flow, const Cancel& cancel);
  Status push(const float* frame, const float* initial, float* flow, const Cancel& cancel);

  // Forgets the frames seen: the next push begins another sequence.
  void restart() { primed_ = false; }

 private:
  using Expansions = std::vector<std::vector<float>>;  // one a level

  Status push_image(const float* initial, float* flow, const Cancel& cancel);
  void expand_levels(Expansions& out, const Cancel& cancel);
  void start_flow(std::size_t level, const float* initial);

  FarnebackParams params_;
  std::vector<Level> levels_;
  std::vector<PolynomialBasis> basis_;  // one, or none before init()
  std::vector<WindowSolver> solvers_;   // one a level
  std::vector<float> image_, level_image_, scratch_;
  Expansions before_, now_;
  std::vector<float> u_, v_, coarse_u_, coarse_v_;
  bool primed_ = false;  // before_ holds a frame
};

}  // namespace infomotion::flow
