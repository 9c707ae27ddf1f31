#include "features/clip.h"

#include <algorithm>
#include <cmath>

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
    std::vector<float> mean(pixels_), deviation(pixels_);
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
    flow::resample(mean.data(), fx, fy, 1, features->mean_frame.data());
    flow::resample(deviation.data(), fx, fy, 1, features->deviation.data());
  }

 private:
  std::size_t pixels_, count_ = 0;
  std::vector<std::uint64_t> sum_, squares_;
};

}  // namespace

ClipDescriber::ClipDescriber(const Clip& clip, const ClipParams& params)
    : clip_(clip),
      params_(params),
      cells_(clip.width, clip.height, params.grid),
      statistics_(cells_.size()),
      excursions_(clip.width, clip.height, params.grid),
      thirds_(cells_.size(), clip.count > 1 ? clip.count - 1 : 0),
      values_(cells_.size()) {
  if (params.volume && clip.count > 0) volume_.emplace(clip, *params.volume);
}

void ClipDescriber::add(std::size_t t, const float* flow) {
  add_flow(t, flow);
  if (t + 1 == clip_.count) return;
  cells_.measure(flow, clip_.fps, values_.data());
  add_cells(values_.data());
}

void ClipDescriber::add_cells(const float* values) {
  statistics_.add(values);
  excursions_.add(values, clip_.fps);
  thirds_.add(values);
}

void ClipDescriber::add_flow(std::size_t t, const float* flow) {
  if (volume_) volume_->add(t, flow);
}

runtime::Status ClipDescriber::finish(const runtime::Cancel& cancel, ClipFeatures* features) const {
  if (clip_.count < 1) return runtime::Status::error("INVALID_ARGUMENT", "Expected a clip of at least one frame.");
  Appearance appearance(clip_);
  for (std::size_t t = 0; t < clip_.count; ++t) {
    if (cancel.requested()) return runtime::Status::cancelled();
    appearance.add(clip_.frame(t));
  }
  appearance.thumbnails(clip_, params_.thumbnail, features);
  if (volume_) features->volume = volume_->finish();

  const std::size_t per_cell = static_cast<std::size_t>(params_.grid) * params_.grid;
  features->descriptor.clear();
  std::size_t first = 0;
  for (const std::size_t length : {per_cell, per_cell, per_cell, per_cell * kDirections}) {
    for (std::size_t i = first; i < first + length; ++i) features->descriptor.push_back(statistics_.mean(i));
    for (std::size_t i = first; i < first + length; ++i) features->descriptor.push_back(statistics_.deviation(i));
    first += length;
  }
  for (std::size_t i = 0; i < excursions_.size(); ++i) features->descriptor.push_back(excursions_.deviation(i));
  for (std::size_t i = 0; i < thirds_.size(); ++i) features->descriptor.push_back(thirds_.mean(i));
  return {};
}

runtime::Status describe_clip(const Clip& clip, const ClipParams& params, const runtime::Cancel& cancel,
                              ClipFeatures* features) {
  ClipDescriber describer(clip, params);
  if (clip.count < 1) return describer.finish(cancel, features);
  const runtime::Status status = each_flow(clip, 0, clip.count, params.flow, cancel,
                                           [&](std::size_t t, const float* flow) { describer.add(t, flow); });
  return status.ok() ? describer.finish(cancel, features) : status;
}

}  // namespace infomotion::features
