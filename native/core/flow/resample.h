// Separable linear filters that change an image's size: blur, bilinear interpolation and area means are all the same
// thing once their weights are written down, so one row kernel serves the pyramid, the flow and the thumbnails.
#pragma once

#include <vector>

namespace infomotion::flow {

// One axis of a separable filter from n samples to m:
//   out[i] = sum over t < taps of weights[i * taps + t] * in[first[i] + t].
// Samples before 0 and behind n - 1 are those that `border` names.
struct AxisFilter {
  int taps = 0;
  int before = 0;             // samples read before sample 0
  std::vector<int> first;     // m entries, each >= -before
  std::vector<int> border;    // border[before + j] = the sample that stands for sample j, for all j ever read
  std::vector<float> weights; // m * taps
  bool shift_invariant = false; // first[i] = first[0] + i, and the same weights for every i

  int outputs() const { return static_cast<int>(first.size()); }
};

// Gaussian blur (`kernel`, odd length, reflect-101 border: ...2 1 | 0 1 2...) and then bilinear interpolation with
// half-pixel centres, in(x) at x = (i + 1/2) n / m - 1/2, clamped at the ends. The kernel {1} leaves the blur out.
AxisFilter bilinear_filter(int n, int m, const std::vector<double>& kernel = {1.0});

// The mean of the input over the stretch [i n / m, (i + 1) n / m).
AxisFilter area_filter(int n, int m);

// A w x h plane (row by row) to fx.outputs() x fy.outputs(), every value times `gain`.
void resample(const float* in, int w, const AxisFilter& fx, const AxisFilter& fy, float gain, float* out,
              std::vector<float>& scratch);

}  // namespace infomotion::flow
