#include "flow/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "flow/kernels.h"
#include "runtime/buffer.h"

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
void finish(AxisFilter& filter, int n, Border source) {
  filter.inputs = n;
  const auto [low, high] = std::minmax_element(filter.first.begin(), filter.first.end());
  filter.before = std::max(0, -*low);
  for (int j = -filter.before; j < *high + filter.taps; ++j) filter.border.push_back(source(j));

  const std::size_t m = filter.first.size(), pitch = runtime::padded(m) + runtime::padded(1), taps = filter.taps;
  filter.lane_first.assign(filter.first.begin(), filter.first.end());
  filter.lane_first.resize(pitch, filter.first.back());
  filter.lane_weights.assign(taps * pitch, 0.0f);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t t = 0; t < taps; ++t) filter.lane_weights[t * pitch + i] = filter.weights[i * taps + t];
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
  finish(filter, n, [n](int j) { return reflect_101(j, n); });
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
  finish(filter, n, [n](int j) { return std::clamp(j, 0, n - 1); });
  return filter;
}

Resampler::Resampler(const Kernels& kernels, const AxisFilter& fx, const AxisFilter& fy, float gain)
    : kernels_(&kernels),
      fx_(&fx),
      fy_(&fy),
      weights_(fy.weights),
      bytes_(fy.taps),
      floats_(fy.taps),
      line_(fx.border.size() + static_cast<std::size_t>(fx.inputs)) {
  for (float& weight : weights_) weight *= gain;
}

void Resampler::row(const std::uint8_t* in, std::size_t pitch, int y, int begin, int end, float* out) {
  const Inputs columns = inputs_of(begin, end);
  lines(bytes_, in + columns.begin, pitch, y);
  kernels_->mix_bytes(bytes_.data(), weights(y), fy_->taps, columns.end - columns.begin, line(columns.begin));
  along(begin, end, out);
}

void Resampler::row(const float* in, std::size_t pitch, int y, int begin, int end, float* out) {
  const Inputs columns = inputs_of(begin, end);
  lines(floats_, in + columns.begin, pitch, y);
  kernels_->mix(floats_.data(), weights(y), fy_->taps, columns.end - columns.begin, line(columns.begin));
  along(begin, end, out);
}

// The samples that stand for those beyond the border lie within the taps, or one before them with weight 0.
Resampler::Inputs Resampler::inputs_of(int begin, int end) const {
  return {std::max(fx_->first[begin] - 1, 0), std::min(fx_->first[end - 1] + fx_->taps, fx_->inputs)};
}

template <typename T>
void Resampler::lines(std::vector<const T*>& lines, const T* in, std::size_t pitch, int y) const {
  for (int t = 0; t < fy_->taps; ++t) lines[t] = in + pitch * fy_->border[fy_->before + fy_->first[y] + t];
}

void Resampler::along(int begin, int end, float* out) {
  float* row = line(0);
  const int last = static_cast<int>(fx_->border.size()) - fx_->before;
  for (int j = -fx_->before; j < 0; ++j) row[j] = row[fx_->border[fx_->before + j]];
  for (int j = fx_->inputs; j < last; ++j) row[j] = row[fx_->border[fx_->before + j]];
  kernels_->filter_row(*fx_, row, begin, end, out);
}

void resample(const float* in, const AxisFilter& fx, const AxisFilter& fy, float gain, float* out) {
  Resampler resampler(kernels(runtime::current_isa()), fx, fy, gain);
  for (int y = 0; y < fy.outputs(); ++y)
    resampler.row(in, fx.inputs, y, out + static_cast<std::size_t>(y) * fx.outputs());
}

}  // namespace infomotion::flow
