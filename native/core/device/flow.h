// The flow of clips on a device, in the terms of the core.
#pragma once

#include <cstddef>

#include "device/plugin_interface.h"
#include "features/clip.h"
#include "flow/farneback.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::device {

InfomotionFlowRequest flow_request(int width, int height, bool floats, const flow::FarnebackParams& params, int grid,
                                   const InfomotionClip* clips, std::size_t count, const runtime::Cancel& cancel);

// As features::describe_clip, with the flow computed on the device; of the flow itself only the cells' values come
// back, unless a volume is wanted.
runtime::Status describe_clip(const InfomotionPlugin& table, const features::Clip& clip,
                              const features::ClipParams& params, const runtime::Cancel& cancel,
                              features::ClipFeatures* features);

}  // namespace infomotion::device
