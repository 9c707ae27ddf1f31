#include "features/clip.h"

#include <algorithm>
#include <cmath>

#include "features/motion.h"
#include "flow/resample.h"

namespace infomotion::features {
namespace {

// Grey levels of each pixel over time. Sums of integers: exact.
class Appearance {
 public:
  explicit Appearance(const Clip& clip) : pixels_(clip.pixels()) {
    sum_.resize(pixels_);
    squares_.resize(pixels_);
  }

  void add(const std::uint8_t* frame) {
    ++count_;
    for (std::size_t i = 0; i < pixels_; ++i) {
      const std::uint32_t grey = frame[i];
      sum_[i] += grey;
      squares_[i] += grey * grey;
    }
  }

  void thumbnails(const Clip& clip, int side, ClipFeatures* features) const {
    std::vector<float> mean(pixels_), deviation(pixels_), scratch;
    const double n = static_cast<double>(count_);
    for (std::size_t i = 0; i < pixels_; ++i) {
      const double average = static_cast<double>(sum_[i]) / n;
      mean[i] = static_cast<float>(average);
      const double variance = static_cast<double>(squares_[i]) / n - average * average;
      deviation[i] = static_cast<float>(std::sqrt(std::max(0.0, variance)));
    }
    const flow::AxisFilter fx = flow::area_filter(clip.width, side), fy = flow::area_filter(clip.height, side);
    features->mean_frame.resize(static_cast<std::size_t>(side) * side);
    features->deviation.resize(static_cast<std::size_t>(side) * side);
    flow::resample(mean.data(), clip.width, fx, fy, 1, features->mean_frame.data(), scratch);
    flow::resample(deviation.data(), clip.width, fx, fy, 1, features->deviation.data(), scratch);
  }

 private:
  std::size_t pixels_, count_ = 0;
  std::vector<std::uint64_t> sum_, squares_;
};

}  // namespace

Status describe_clip(const Clip& clip, const ClipParams& params, const Cancel& cancel, ClipFeatures* features) {
  if (clip.count < 1) return Status::error("INVALID_ARGUMENT", "Expected a clip of at least one frame.");
  Appearance appearance(clip);
  for (std::size_t t = 0; t < clip.count; ++t) {
    if (cancel.requested()) return Status::cancelled();
    appearance.add(clip.frame(t));
  }
  appearance.thumbnails(clip, params.thumbnail, features);

  std::optional<VolumeBuilder> volume;
  if (params.volume) volume.emplace(clip, *params.volume);
  MotionCells cells(clip.width, clip.height, params.grid);
  TimeStatistics statistics(cells.size());
  Excursions excursions(clip.width, clip.height, params.grid);
  std::vector<float> values(cells.size());
  const Status status = each_flow(clip, 0, clip.count, params.flow, cancel, [&](std::size_t t, const float* flow) {
    if (volume) volume->add(t, flow);
    if (t + 1 == clip.count) return;
    cells.measure(flow, clip.fps, values.data());
    statistics.add(values.data());
    excursions.add(values.data(), clip.fps);
  });
  if (!status.ok()) return status;
  if (volume) features->volume = volume->finish();

  const std::size_t per_cell = static_cast<std::size_t>(params.grid) * params.grid;
  features->descriptor.clear();
  std::size_t first = 0;
  for (const std::size_t length : {per_cell, per_cell, per_cell, per_cell * kDirections}) {
    for (std::size_t i = first; i < first + length; ++i) features->descriptor.push_back(statistics.mean(i));
    for (std::size_t i = first; i < first + length; ++i) features->descriptor.push_back(statistics.deviation(i));
    first += length;
  }
  for (std::size_t i = 0; i < excursions.size(); ++i) features->descriptor.push_back(excursions.deviation(i));
  return {};
}

}  // namespace infomotion::features
