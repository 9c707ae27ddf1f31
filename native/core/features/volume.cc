#include "features/volume.h"

#include <algorithm>
#include <cmath>

namespace infomotion::features {

std::uint8_t encode_speed(double speed) {
  const double size = std::floor(127 * std::sqrt(std::min(1.0, std::fabs(speed))) + 0.5);
  return static_cast<std::uint8_t>(speed < 0 ? 128 - size : 128 + size);
}

double decode_speed(int byte) {
  const double root = (byte - 128) / 127.0;
  return root < 0 ? -root * root : root * root;
}

VolumeBuilder::VolumeBuilder(const Clip& clip, const VolumeParams& params)
    : clip_(clip),
      step_(clip.fps / params.rate),
      cells_(static_cast<std::size_t>(params.side) * params.side),
      fx_(flow::area_filter(clip.width, params.side)),
      fy_(flow::area_filter(clip.height, params.side)),
      plane_(clip.pixels()),
      small_(cells_ * kVolumeChannels) {
  const double count = static_cast<double>(clip.count);
  const double whole = std::floor(count / step_ * (1 + 1e-12));  // against 63.999... where 64 is meant
  frames_ = static_cast<int>(std::clamp(whole, 1.0, static_cast<double>(params.frames)));
  // On a whole frame, so that a clip of the volume's own rate is taken as it is.
  first_ = static_cast<std::size_t>(std::max(0.0, std::floor((count - frames_ * step_) / 2)));
  const double end = std::ceil(static_cast<double>(first_) + frames_ * step_ * (1 - 1e-12));
  last_ = static_cast<std::size_t>(std::min(count, end));
  sums_.resize(frames_ * small_.size());
  weights_.resize(frames_);
}

// small_ = frame t and its flow at the volume's size.
void VolumeBuilder::shrink(std::size_t t, const float* flow) {
  const std::uint8_t* grey = clip_.frame(t);
  std::copy(grey, grey + plane_.size(), plane_.begin());
  flow::resample(plane_.data(), fx_, fy_, 1, small_.data());
  for (const int channel : {0, 1}) {
    for (std::size_t i = 0; i < plane_.size(); ++i) plane_[i] = flow[2 * i + channel];
    const double per_second = clip_.fps / (channel == 0 ? clip_.width : clip_.height);
    flow::resample(plane_.data(), fx_, fy_, static_cast<float>(per_second), small_.data() + (channel + 1) * cells_);
  }
}

void VolumeBuilder::add(std::size_t t, const float* flow) {
  if (t < first_ || t >= last_) return;
  shrink(t, flow);
  const double begin = static_cast<double>(t - first_), end = begin + 1;
  for (int i = std::max(0, static_cast<int>(begin / step_) - 1); i < frames_ && i * step_ < end; ++i) {
    const double overlap = std::min(end, (i + 1) * step_) - std::max(begin, i * step_);
    if (overlap <= 0) continue;
    weights_[i] += overlap;
    const float weight = static_cast<float>(overlap);
    float* sums = sums_.data() + i * small_.size();
    for (std::size_t j = 0; j < small_.size(); ++j) sums[j] += weight * small_[j];
  }
}

std::vector<std::uint8_t> VolumeBuilder::finish() const {
  std::vector<std::uint8_t> volume(sums_.size());
  for (std::size_t j = 0; j < volume.size(); ++j) {
    const std::size_t frame = j / small_.size();
    const double mean = sums_[j] / weights_[frame];
    const bool grey = j % small_.size() < cells_;
    volume[j] = grey ? static_cast<std::uint8_t>(std::clamp(mean + 0.5, 0.0, 255.0)) : encode_speed(mean);
  }
  return volume;
}

runtime::Status make_volume(const Clip& clip, const VolumeParams& params, const flow::FarnebackParams& flow,
                            const runtime::Cancel& cancel, std::vector<std::uint8_t>* volume) {
  if (clip.count < 1) return runtime::Status::error("INVALID_ARGUMENT", "Expected a clip of at least one frame.");
  VolumeBuilder builder(clip, params);
  const runtime::Status status = each_flow(clip, builder.first(), builder.last(), flow, cancel,
                                           [&](std::size_t t, const float* flow) { builder.add(t, flow); });
  if (status.ok()) *volume = builder.finish();
  return status;
}

}  // namespace infomotion::features
