// Dense optical flow of a sequence of frames by Farneback's method, numerically that of OpenCV's
// calcOpticalFlowFarneback. Each frame is expanded once and kept for the next pair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "flow/expansion.h"
#include "flow/iterations.h"
#include "flow/pyramid.h"
#include "runtime/cancel.h"
#include "runtime/isa.h"
#include "runtime/status.h"

namespace infomotion::flow {

struct FarnebackParams {
  double pyr_scale = 0.5;   // size of a level relative to the one before, 0 < pyr_scale < 1
  int levels = 3;           // levels beside the full size (fewer where a side would fall below 32 px)
  int winsize = 15;         // px, see Window
  int iterations = 3;       // at each level
  int poly_n = 5;           // radius of the polynomial expansion, px
  double poly_sigma = 1.2;  // of its Gaussian, px, at least 0.3; 0: 0.3 * poly_n
  bool gaussian = false;    // a Gaussian window in place of the box
  Border border = Border::kOpenCV;
};

class FarnebackSequence {
 public:
  FarnebackSequence();
  FarnebackSequence(FarnebackSequence&&) noexcept;
  ~FarnebackSequence();

  // Up to `threads` threads of the pool (0: all) work on each pair, in tiles; the result is the same, bit for bit, for
  // any number.
  runtime::Status init(int width, int height, const FarnebackParams& params, int threads = 1,
                       runtime::Isa isa = runtime::current_isa());

  // Takes the next frame (row by row; grey levels 0..255, in bytes or floats) and, from the second on, gives the flow
  // from the frame before to this one: `flow` gets width * height pairs (u, v) in px. `initial`, where not null, is a
  // first guess of the same form. Fails only with ABORTED, and then begins anew.
  // Rows begin `pitch` values apart, or follow each other.
  runtime::Status push(const std::uint8_t* frame, std::size_t pitch, const float* initial, float* flow,
                       const runtime::Cancel& cancel);
  runtime::Status push(const float* frame, std::size_t pitch, const float* initial, float* flow,
                       const runtime::Cancel& cancel);
  template <typename T>
  runtime::Status push(const T* frame, const float* initial, float* flow, const runtime::Cancel& cancel) {
    return push(frame, static_cast<std::size_t>(levels_[0].width), initial, flow, cancel);
  }

  // Forgets the frames seen: the next push begins another sequence.
  void restart() { primed_ = false; }

  // The size of its buffers: at most 128 bytes per pixel with the default parameters, from 96 x 96 pixels on.
  std::size_t bytes() const;

 private:
  struct Worker;
  using Expansions = std::vector<Expansion>;  // one a level

  template <typename T>
  runtime::Status push_frame(const T* frame, std::size_t pitch, const float* initial, float* flow,
                             const runtime::Cancel& cancel);
  template <typename T>
  void expand(const T* frame, std::size_t pitch, const runtime::Cancel& cancel);
  void compute_flow(const float* initial, float* flow, const runtime::Cancel& cancel);
  void sweep(std::size_t level, int count, const FlowPlanes* guess, bool magnify, const FlowTarget& target,
             const runtime::Cancel& cancel);
  int strips(const Level& level) const;
  static int strip_begin(const Level& level, int i, int count);
  void shrink_initial(const float* initial, FlowPlanes* planes) const;
  void ensure_planes(std::size_t level);
  template <typename Body>
  void share(std::size_t items, std::size_t most, Body body);

  FarnebackParams params_;
  const Kernels* kernels_ = nullptr;
  std::vector<Level> levels_;
  std::vector<std::vector<float>> border_x_, border_y_;  // one a level
  std::unique_ptr<PolynomialBasis> basis_;
  std::unique_ptr<Window> window_;
  std::vector<std::unique_ptr<Worker>> workers_;  // one a thread
  Expansions before_, now_;
  FlowPlanes planes_[2];
  bool primed_ = false;  // before_ holds a frame
};

}  // namespace infomotion::flow
