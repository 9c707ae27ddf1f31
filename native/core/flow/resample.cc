#include "flow/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace infomotion::flow {
namespace {

// ... 2 1 | 0 1 2 ... n-1 | n-2 n-3 ...
int reflect_101(int j, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1);
  j = ((j % period) + period) % period;
  return j < n ? j : period - j;
}

// Fills `before` and `border` once `taps` and `first` are known.
template <typename Border>
void finish(AxisFilter& filter, Border source) {
  const auto [low, high] = std::minmax_element(filter.first.begin(), filter.first.end());
  filter.before = std::max(0, -*low);
  for (int j = -filter.before; j < *high + filter.taps; ++j) filter.border.push_back(source(j));
}

// One output row from one padded row. kTaps = 0: any number.
template <int kTaps>
void filter_row(const AxisFilter& filter, const float* __restrict row, float* __restrict out) {
  const int taps = kTaps ? kTaps : filter.taps;
  const float* __restrict weights = filter.weights.data();
  if (filter.shift_invariant) {
    const int m = filter.outputs();
    row += filter.first[0];
    for (int i = 0; i < m; ++i) out[i] = weights[0] * row[i];
    for (int t = 1; t < taps; ++t)
      for (int i = 0; i < m; ++i) out[i] += weights[t] * row[i + t];
    return;
  }
  const int m = filter.outputs();
  for (int i = 0; i < m; ++i) {
    const float* samples = row + filter.first[i];
    float sum = 0;
    for (int t = 0; t < taps; ++t) sum += weights[t] * samples[t];
    out[i] = sum;
    weights += taps;
  }
}

}  // namespace

AxisFilter bilinear_filter(int n, int m, const std::vector<double>& kernel) {
  const int size = static_cast<int>(kernel.size()), radius = size / 2;
  AxisFilter filter;
  filter.shift_invariant = n == m;
  filter.taps = n == m ? size : size + 1;  // blurred at two neighbouring samples, unless the size stays
  const double step = static_cast<double>(n) / m;
  for (int i = 0; i < m; ++i) {
    const double x = std::clamp((i + 0.5) * step - 0.5, 0.0, n - 1.0);
    const int left = static_cast<int>(x);
    const double fraction = x - left;
    filter.first.push_back(left - radius);
    for (int t = 0; t < filter.taps; ++t) {
      const double here = t < size ? (1 - fraction) * kernel[t] : 0;
      const double next = t > 0 ? fraction * kernel[t - 1] : 0;
      filter.weights.push_back(static_cast<float>(here + next));
    }
  }
  finish(filter, [n](int j) { return reflect_101(j, n); });
  return filter;
}

AxisFilter area_filter(int n, int m) {
  AxisFilter filter;
  const double step = static_cast<double>(n) / m;
  filter.taps = static_cast<int>(std::ceil(step)) + 1;
  for (int i = 0; i < m; ++i) {
    const double low = i * step, high = low + step;
    const int first = std::min(static_cast<int>(low), n - 1);
    filter.first.push_back(first);
    for (int j = first; j < first + filter.taps; ++j) {
      const double covered = std::min(high, j + 1.0) - std::max(low, static_cast<double>(j));
      filter.weights.push_back(static_cast<float>(std::max(0.0, covered) / step));
    }
  }
  finish(filter, [n](int j) { return std::clamp(j, 0, n - 1); });
  return filter;
}

void resample(const float* in, int w, const AxisFilter& fx, const AxisFilter& fy, float gain, float* out,
              std::vector<float>& scratch) {
  const int padded = static_cast<int>(fx.border.size());
  scratch.resize(std::max(padded, fx.before + w));
  float* __restrict row = scratch.data() + fx.before;
  for (int i = 0; i < fy.outputs(); ++i, out += fx.outputs()) {
    for (int t = 0; t < fy.taps; ++t) {
      const float weight = fy.weights[static_cast<std::size_t>(i) * fy.taps + t] * gain;
      const float* __restrict line = in + static_cast<std::size_t>(fy.border[fy.before + fy.first[i] + t]) * w;
      if (t == 0)
        for (int x = 0; x < w; ++x) row[x] = weight * line[x];
      else
        for (int x = 0; x < w; ++x) row[x] += weight * line[x];
    }
    for (int j = -fx.before; j < 0; ++j) row[j] = row[fx.border[fx.before + j]];
    for (int j = w; j < padded - fx.before; ++j) row[j] = row[fx.border[fx.before + j]];
    if (fx.taps == 2)
      filter_row<2>(fx, row, out);
    else if (fx.taps == 4)
      filter_row<4>(fx, row, out);
    else
      filter_row<0>(fx, row, out);
  }
}

}  // namespace infomotion::flow
