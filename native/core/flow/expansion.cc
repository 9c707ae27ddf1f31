#include "flow/expansion.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "flow/kernels.h"

namespace infomotion::flow {

PolynomialBasis::PolynomialBasis(int radius, double sigma) {
  if (sigma <= 0) sigma = 0.3 * radius;
  const auto gaussian = [&](int i) { return std::exp(-i * i / (2 * sigma * sigma)); };
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += gaussian(i);
  double m2 = 0, m4 = 0;
  for (int i = 0; i <= radius; ++i) {
    const double weight = gaussian(i) / sum, i2 = static_cast<double>(i) * i;
    taps_[0].push_back(static_cast<float>(weight));
    taps_[1].push_back(static_cast<float>(weight * i));
    taps_[2].push_back(static_cast<float>(weight * i2));
    m2 += 2 * weight * i2;
    m4 += 2 * weight * i2 * i2;
  }
  for (int i = 0; i <= radius; ++i)
    second_difference_taps_.push_back(static_cast<float>(gaussian(i) / sum * (static_cast<double>(i) * i - m2)));
  const double variance = m4 - m2 * m2;
  inverse_ = {static_cast<float>(1 / m2), static_cast<float>(1 / variance), static_cast<float>(-m2 / variance),
              static_cast<float>(1 / (m2 * m2))};
}

Expander::Expander(const Kernels& kernels, const PolynomialBasis& basis, const Level& level)
    : kernels_(kernels),
      basis_(basis),
      level_(level),
      pitch_(static_cast<int>(runtime::padded(level.width))),
      moments_pitch_(
          static_cast<int>(runtime::padded(runtime::padded(level.width) + 2 * runtime::padded(basis.radius())))),
      ring_rows_(std::min(2 * basis.radius() + 1, level.height)),
      resampler_(kernels, level.image_x, level.image_y),
      ring_(static_cast<std::size_t>(ring_rows_) * pitch_),
      moments_(static_cast<std::size_t>(3) * moments_pitch_),
      window_(2 * basis.radius() + 1) {}

// Beyond the border the image is continued by its border rows and columns.
template <typename T>
void Expander::expand(const T* frame, std::size_t frame_pitch, int begin, int end, bool follows, Expansion* out,
                      const runtime::Cancel& cancel) {
  const int radius = basis_.radius(), width = level_.width, bottom = level_.height - 1;
  float* moments = moments_.data() + runtime::padded(radius);
  if (!follows) made_ = std::max(begin - radius, 0);
  for (int y = begin; y < end && !cancel.requested(); ++y) {
    for (const int last = std::min(y + radius, bottom); made_ <= last; ++made_)
      resampler_.row(frame, frame_pitch, made_, image_row(made_));
    for (int j = -radius; j <= radius; ++j) window_[radius + j] = image_row(std::clamp(y + j, 0, bottom));
    kernels_.moments(basis_, window_.data(), width, moments, moments_pitch_);
    for (int i = 0; i < 3; ++i) {
      float* row = moments + static_cast<std::size_t>(i) * moments_pitch_;
      std::fill(row - radius, row, row[0]);
      std::fill(row + width, row + width + radius, row[width - 1]);
    }
    kernels_.expand(basis_, moments, moments_pitch_, width, out->row(y), out->pitch());
    // Samples in the last column are interpolated with the value behind it, with weight 0: it must be finite.
    if (out->pitch() > width)
      for (int c = 0; c < kCoefficients; ++c) out->row(y)[c * out->pitch() + width] = 0;
  }
}

template void Expander::expand(const std::uint8_t*, std::size_t, int, int, bool, Expansion*, const runtime::Cancel&);
template void Expander::expand(const float*, std::size_t, int, int, bool, Expansion*, const runtime::Cancel&);

}  // namespace infomotion::flow
