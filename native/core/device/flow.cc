#include "device/flow.h"

#include <algorithm>
#include <vector>

#include "device/cuda.h"
#include "features/motion.h"

namespace infomotion::device {

InfomotionFlowRequest flow_request(int width, int height, bool floats, const flow::FarnebackParams& params, int grid,
                                   const InfomotionClip* clips, std::size_t count, const runtime::Cancel& cancel) {
  InfomotionFlowRequest request = {};
  request.width = width;
  request.height = height;
  request.floats = floats;
  request.grid = grid;
  request.params = {params.pyr_scale,  params.poly_sigma, params.levels,   params.winsize,
                    params.iterations, params.poly_n,     params.gaussian, params.border == flow::Border::kSymmetric};
  request.clips = clips;
  request.clip_count = count;
  request.cancel = to_plugin(cancel);
  return request;
}

runtime::Status describe_clip(const InfomotionPlugin& table, const features::Clip& clip,
                              const features::ClipParams& params, const runtime::Cancel& cancel,
                              features::ClipFeatures* features) {
  features::ClipDescriber describer(clip, params);
  if (clip.count < 1) return describer.finish(cancel, features);
  const std::size_t pairs = clip.count - 1, size = describer.cells();
  std::vector<float> cells(pairs * size), flow(params.volume ? pairs * clip.pixels() * 2 : 0);
  const InfomotionClip one = {clip.frames, clip.count, nullptr, params.volume ? flow.data() : nullptr, cells.data()};
  const InfomotionFlowRequest request =
      flow_request(clip.width, clip.height, false, params.flow, params.grid, &one, 1, cancel);
  InfomotionMessage message = {};
  const runtime::Status status = to_status(table.flow(&request, &message), message);
  if (!status.ok()) return status;
  for (float& value : cells) value = static_cast<float>(value * clip.fps);
  for (std::size_t t = 0; t < pairs; ++t) describer.add_cells(cells.data() + t * size);
  if (params.volume) {
    const std::vector<float> none(pairs > 0 ? 0 : clip.pixels() * 2);
    for (std::size_t t = 0; t < clip.count; ++t)  // the last frame repeats the flow before it
      describer.add_flow(t, pairs > 0 ? flow.data() + std::min(t, pairs - 1) * clip.pixels() * 2 : none.data());
  }
  return describer.finish(cancel, features);
}

}  // namespace infomotion::device
