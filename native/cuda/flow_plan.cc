#include "flow_plan.h"

#include <algorithm>
#include <cstring>

#include "flow/expansion.h"
#include "flow/matrices.h"
#include "flow/pyramid.h"
#include "flow/window.h"

namespace infomotion::cuda {
namespace {

// Three blocks of a tile on a multiprocessor of compute capability 9.0 (228 KiB), two on one of 8.0 (164 KiB), one on
// the others (100 KiB).
constexpr std::size_t kTileBytes = 72 * 1024;
// A tile that makes more equations than this for each pixel is no better than three launches.
constexpr double kMaxEquations = 3;
constexpr int kMaxFrames = 4096;

// The tiles that cover the level with the fewest equations made twice.
void choose_tile(int half, LevelPlan* level) {
  double least = kMaxEquations * static_cast<double>(level->pixels());
  for (int width = 16; width <= 64; width += kRun) {
    for (int height = 8; height <= 32; height += kRun) {
      if (IterateTile<true>::tile_floats(width, height, half) * sizeof(float) > kTileBytes) continue;
      const double tiles =
          static_cast<double>((level->width + width - 1) / width) * ((level->height + height - 1) / height);
      const double equations = tiles * (width + 2 * half) * (height + 2 * half);
      if (equations >= least) continue;
      least = equations;
      level->tile_width = width;
      level->tile_height = height;
    }
  }
}

std::size_t bytes_a_frame(const InfomotionFlowRequest& request, const FlowPlan& plan) {
  const std::size_t pixels = plan.levels[0].pixels();
  const std::size_t frame = pixels * (request.floats ? 4 : 1) * 2 + pixels * sizeof(float);  // two chunks', level image
  const std::size_t expansions = plan.pixels_of_all_levels * kPlanes * sizeof(float);
  const std::size_t flows = pixels * sizeof(Vector) * 3;
  const std::size_t equations = plan.wide() ? pixels * kPlanes * sizeof(float) * 2 : 0;
  return frame + expansions + flows + equations;
}

}  // namespace

std::size_t Tables::add(const std::vector<float>& values) {
  const std::size_t place = words_.size();
  words_.resize(place + values.size());
  std::memcpy(words_.data() + place, values.data(), values.size() * sizeof(float));
  return place;
}

std::size_t Tables::add(const std::vector<int>& values) {
  const std::size_t place = words_.size();
  for (const int value : values) words_.push_back(static_cast<std::uint32_t>(value));
  return place;
}

Tables::AxisPlace Tables::add(const flow::AxisFilter& filter) {
  std::vector<int> source;
  for (const int first : filter.first)
    for (int t = 0; t < filter.taps; ++t) source.push_back(filter.border[filter.before + first + t]);
  return {filter.taps, add(source), add(filter.weights)};
}

bool FlowPlan::wide() const {
  return std::any_of(levels.begin(), levels.end(), [](const LevelPlan& level) { return !level.tiled(); });
}

Traffic traffic(const InfomotionFlowRequest& request, const FlowPlan& plan) {
  constexpr double kFloat = sizeof(float), kExpansion = kPlanes * kFloat, kFlow = sizeof(Vector);
  Traffic bytes = {0, 0};
  for (std::size_t k = 0; k < plan.levels.size(); ++k) {
    const LevelPlan& level = plan.levels[k];
    const double pixels = static_cast<double>(level.pixels());
    const double frame = static_cast<double>(plan.levels[0].pixels()) * (request.floats ? kFloat : 1);
    bytes.frame += frame + pixels * (kFloat + kFloat + kExpansion);  // the image, and the expansion made of it
    const double before = k + 1 < plan.levels.size() ? static_cast<double>(plan.levels[k + 1].pixels()) * kFlow : 0;
    for (int i = 0; i < std::max(1, plan.params.iterations); ++i) {
      bytes.pair += (i > 0 ? pixels * kFlow : before) + pixels * kFlow;
      if (plan.params.iterations > 0) bytes.pair += pixels * (2 * kExpansion + (level.tiled() ? 0 : 4 * kExpansion));
    }
  }
  return bytes;
}

std::string make_plan(const InfomotionFlowRequest& request, std::size_t workspace, FlowPlan* plan) {
  const InfomotionFlowParams& params = plan->params = request.params;
  if (request.width < 1 || request.height < 1 || request.width > 32768 || request.height > 32768)
    return "expected frames of 1 x 1 to 32768 x 32768 pixels";
  if (!(params.pyr_scale > 0 && params.pyr_scale < 1) || params.levels < 0 || params.iterations < 0 ||
      params.winsize < 1 || params.winsize > 1023 || params.poly_n < 1 || params.poly_n > kMaxRadius ||
      !(params.poly_sigma >= 0) || request.grid < 1)
    return "a parameter of the flow is out of range";

  Tables& tables = plan->tables;
  const auto shapes = flow::make_levels(request.width, request.height, params.pyr_scale, params.levels);
  plan->half = params.winsize / 2;
  for (const flow::Level& shape : shapes) {
    LevelPlan level;
    level.width = shape.width;
    level.height = shape.height;
    level.first_pixel = plan->pixels_of_all_levels;
    plan->pixels_of_all_levels += level.pixels();
    level.image_x = tables.add(shape.image_x);
    level.image_y = tables.add(shape.image_y);
    if (&shape != &shapes.back()) {
      level.flow_x = tables.add(shape.flow_x);
      level.flow_y = tables.add(shape.flow_y);
    }
    if (std::min(level.width, level.height) < flow::kNarrow) {
      level.border_pitch = level.width;
      level.border_x = tables.add(flow::squared_border_weights(level.width, level.height, level.width));
      level.border_y = tables.add(std::vector<float>(level.height, 1.0f));
    } else {
      level.border_x = tables.add(flow::squared_border_weights(level.width));
      level.border_y = tables.add(flow::squared_border_weights(level.height));
    }
    choose_tile(plan->half, &level);
    plan->levels.push_back(level);
  }
  plan->initial_x = tables.add(flow::area_filter(request.width, shapes.back().width));
  plan->initial_y = tables.add(flow::area_filter(request.height, shapes.back().height));
  plan->initial_gain = static_cast<float>(shapes.back().scale);
  plan->coarse_gain = static_cast<float>(1 / params.pyr_scale);

  const flow::PolynomialBasis basis(params.poly_n, params.poly_sigma);
  plan->expand.radius = params.poly_n;
  std::copy(basis.taps(0).begin(), basis.taps(0).end(), plan->expand.g);
  std::copy(basis.taps(1).begin(), basis.taps(1).end(), plan->expand.xg);
  std::copy(basis.taps(2).begin(), basis.taps(2).end(), plan->expand.xxg);
  const auto inverse = basis.inverse();
  plan->expand.linear = inverse[0];
  plan->expand.square = inverse[1];
  plan->expand.constant_square = inverse[2];
  plan->expand.mixed = inverse[3];

  if (params.gaussian) {
    const std::vector<float> half = flow::gaussian_kernel(plan->half);
    std::vector<float> taps(half.rbegin(), half.rend());
    taps.insert(taps.end(), half.begin() + 1, half.end());
    taps.resize(taps.size() + kRun - 1);
    plan->taps = tables.add(taps);
  } else {
    plan->gain = 1.0f / (static_cast<float>(params.winsize) * static_cast<float>(params.winsize));
  }

  std::uint64_t frames = 0;
  for (std::uint64_t i = 0; i < request.clip_count; ++i) frames += request.clips[i].count;
  const std::size_t fit = std::clamp<std::size_t>(workspace / bytes_a_frame(request, *plan), 1, kMaxFrames);
  plan->frames_at_once = static_cast<int>(std::clamp<std::uint64_t>(frames, 1, fit));
  return {};
}

std::vector<Chunk> make_chunks(const InfomotionFlowRequest& request, int frames_at_once) {
  std::vector<Chunk> chunks;
  const int slots = frames_at_once + 1;
  const auto extend = [](std::vector<Chunk::Run>& runs, std::size_t clip, std::uint64_t index, int place) {
    if (!runs.empty() && runs.back().clip == clip && runs.back().first + runs.back().count == index)
      ++runs.back().count;
    else runs.push_back({clip, index, place, 1});
  };
  int slot = 0;
  for (std::size_t clip = 0; clip < request.clip_count; ++clip) {
    for (std::uint64_t t = 0; t < request.clips[clip].count; ++t, slot = (slot + 1) % slots) {
      if (chunks.empty() || chunks.back().frames == frames_at_once) {
        chunks.emplace_back();
        chunks.back().first_slot = slot;
      }
      Chunk& chunk = chunks.back();
      extend(chunk.frame_runs, clip, t, chunk.frames++);
      if (t == 0) continue;
      extend(chunk.pair_runs, clip, t - 1, static_cast<int>(chunk.pairs.size()));
      chunk.pairs.push_back({(slot + slots - 1) % slots, slot});
    }
  }
  return chunks;
}

}  // namespace infomotion::cuda
