#include "flow/farneback.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace infomotion::flow {
namespace {

// The first guess at a level: the area mean of the full-size one, in px of that level.
void shrink_flow(const float* initial, int width, int height, const Level& level, std::vector<float>& u,
                 std::vector<float>& v, std::vector<float>& scratch) {
  const std::size_t pixels = static_cast<std::size_t>(width) * height;
  const AxisFilter fx = area_filter(width, level.width), fy = area_filter(height, level.height);
  std::vector<float> plane(pixels);
  for (auto* component : {&u, &v}) {
    for (std::size_t i = 0; i < pixels; ++i) plane[i] = initial[2 * i];
    resample(plane.data(), width, fx, fy, static_cast<float>(level.scale), component->data(), scratch);
    ++initial;
  }
}

}  // namespace

Status FarnebackSequence::init(int width, int height, const FarnebackParams& params) {
  const auto refuse = [](const std::string& what) {
    return Status::error("INVALID_ARGUMENT", "Expected " + what + ".");
  };
  if (width < 1 || height < 1) return refuse("frames of at least 1 x 1 pixels");
  if (!(params.pyr_scale > 0 && params.pyr_scale < 1)) return refuse("pyrScale between 0 and 1 (both excluded)");
  if (params.levels < 0 || params.iterations < 0) return refuse("levels and iterations of at least 0");
  if (params.winsize < 1 || params.poly_n < 1) return refuse("winsize and polyN of at least 1");
  if (params.poly_sigma != 0 && !(params.poly_sigma >= 0.3)) return refuse("polySigma 0 or at least 0.3");

  params_ = params;
  levels_ = make_levels(width, height, params.pyr_scale, params.levels);
  basis_.assign(1, PolynomialBasis(params.poly_n, params.poly_sigma));
  solvers_.clear();
  for (const Level& level : levels_)
    solvers_.emplace_back(level.width, level.height, params.winsize, params.gaussian, params.border);
  for (auto* expansions : {&before_, &now_}) {
    expansions->resize(levels_.size());
    for (std::size_t k = 0; k < levels_.size(); ++k) (*expansions)[k].assign(levels_[k].pixels() * kCoefficients, 0.0f);
  }
  for (auto* plane : {&image_, &level_image_, &u_, &v_, &coarse_u_, &coarse_v_}) plane->resize(levels_[0].pixels());
  primed_ = false;
  return {};
}

Status FarnebackSequence::push(const std::uint8_t* frame, const float* initial, float* flow, const Cancel& cancel) {
  std::copy(frame, frame + image_.size(), image_.begin());
  return push_image(initial, flow, cancel);
}

Status FarnebackSequence::push(const float* frame, const float* initial, float* flow, const Cancel& cancel) {
  std::copy(frame, frame + image_.size(), image_.begin());
  return push_image(initial, flow, cancel);
}

Status FarnebackSequence::push_image(const float* initial, float* flow, const Cancel& cancel) {
  expand_levels(now_, cancel);
  if (primed_) {
    for (std::size_t k = levels_.size(); k-- > 0;) {
      start_flow(k, initial);
      const MotionField field = {levels_[k].width, levels_[k].height, before_[k].data(),
                                 now_[k].data(),   u_.data(),         v_.data()};
      for (int i = 0; i < params_.iterations; ++i) solvers_[k].iterate(field, cancel);
    }
  }
  if (cancel.requested()) {
    primed_ = false;
    return Status::cancelled();
  }
  if (primed_) {
    for (std::size_t i = 0; i < u_.size(); ++i) {
      flow[2 * i] = u_[i];
      flow[2 * i + 1] = v_[i];
    }
  }
  primed_ = true;
  std::swap(before_, now_);
  return {};
}

void FarnebackSequence::expand_levels(Expansions& out, const Cancel& cancel) {
  for (std::size_t k = 0; k < levels_.size() && !cancel.requested(); ++k) {
    const Level& level = levels_[k];
    resample(image_.data(), levels_[0].width, level.image_x, level.image_y, 1, level_image_.data(), scratch_);
    basis_[0].expand(level_image_.data(), level.width, level.height, out[k].data(), scratch_, cancel);
  }
}

// u_ and v_ as the iterations of level k find them: the coarser level's flow, magnified, or the first guess.
void FarnebackSequence::start_flow(std::size_t k, const float* initial) {
  const Level& level = levels_[k];
  if (k + 1 < levels_.size()) {
    std::swap(u_, coarse_u_);
    std::swap(v_, coarse_v_);
    const int width = levels_[k + 1].width;
    const float gain = static_cast<float>(1 / params_.pyr_scale);
    resample(coarse_u_.data(), width, level.flow_x, level.flow_y, gain, u_.data(), scratch_);
    resample(coarse_v_.data(), width, level.flow_x, level.flow_y, gain, v_.data(), scratch_);
  } else if (initial != nullptr) {
    shrink_flow(initial, levels_[0].width, levels_[0].height, level, u_, v_, scratch_);
  } else {
    std::fill_n(u_.begin(), level.pixels(), 0.0f);
    std::fill_n(v_.begin(), level.pixels(), 0.0f);
  }
}

}  // namespace infomotion::flow
