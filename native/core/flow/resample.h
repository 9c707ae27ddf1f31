// Separable linear filters that change an image's size: blur, bilinear interpolation and area means are all the same
// thing once their weights are written down, so one row kernel serves the pyramid, the flow and the thumbnails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/buffer.h"

namespace infomotion::flow {

struct Kernels;

// One axis of a separable filter from n samples to m:
//   out[i] = sum over t < taps of weights[i * taps + t] * in[first[i] + t].
// Samples before 0 and behind n - 1 are those that `border` names.
struct AxisFilter {
  int inputs = 0;  // n
  int taps = 0;
  int before = 0;                // samples read before sample 0
  std::vector<int> first;        // m entries, each >= -before
  std::vector<int> border;       // border[before + j] = the sample that stands for sample j, for all j ever read
  std::vector<float> weights;    // m * taps
  bool shift_invariant = false;  // first[i] = first[0] + i, and the same weights for every i

  // The same once more for kernels that make a vector of outputs at a time: one run of weights a tap, and both with
  // room for a whole vector behind the last (the last first[] repeated, weights 0).
  std::vector<std::int32_t> lane_first;
  std::vector<float> lane_weights;

  int outputs() const { return static_cast<int>(first.size()); }
};

// Gaussian blur (`kernel`, odd length, reflect-101 border: ...2 1 | 0 1 2...) and then bilinear interpolation with
// half-pixel centres, in(x) at x = (i + 1/2) n / m - 1/2, clamped at the ends. The kernel {1} leaves the blur out.
AxisFilter bilinear_filter(int n, int m, const std::vector<double>& kernel = {1.0});

// The mean of the input over the stretch [i n / m, (i + 1) n / m).
AxisFilter area_filter(int n, int m);

// A plane to fx.outputs() x fy.outputs(), every value times `gain`, a row at a time. The filters must outlive it.
class Resampler {
 public:
  Resampler(const Kernels& kernels, const AxisFilter& fx, const AxisFilter& fy, float gain = 1);

  // Columns [begin, end) of output row y; `out` gets the first of them first. Rows of `in` begin `pitch` values apart.
  void row(const std::uint8_t* in, std::size_t pitch, int y, int begin, int end, float* out);
  void row(const float* in, std::size_t pitch, int y, int begin, int end, float* out);
  template <typename T>
  void row(const T* in, std::size_t pitch, int y, float* out) {
    row(in, pitch, y, 0, fx_->outputs(), out);
  }

 private:
  struct Inputs {
    int begin, end;  // of an input row
  };
  Inputs inputs_of(int begin, int end) const;
  template <typename T>
  void lines(std::vector<const T*>& lines, const T* in, std::size_t pitch, int y) const;
  float* line(int x) { return line_.data() + fx_->before + x; }
  const float* weights(int y) const { return weights_.data() + static_cast<std::size_t>(y) * fy_->taps; }
  void along(int begin, int end, float* out);

  const Kernels* kernels_;
  const AxisFilter *fx_, *fy_;
  std::vector<float> weights_;  // fy's, times the gain
  std::vector<const std::uint8_t*> bytes_;
  std::vector<const float*> floats_;
  runtime::Buffer line_;  // one row between the two passes, padded
};

// A plane, its rows end to end, all at once.
void resample(const float* in, const AxisFilter& fx, const AxisFilter& fy, float gain, float* out);

}  // namespace infomotion::flow
