// describeClip(frames, width, height, fps, options, device) -> Job<{ motion, meanFrame, deviation, volume?, device,
// reason }> makeVolume(frames, width, height, fps, options, flow) -> Job<Uint8Array>
#include "features.h"

#include "async.h"
#include "device.h"
#include "device/flow.h"
#include "features/clip.h"
#include "features/volume.h"
#include "flow_params.h"

namespace infomotion::node {
namespace {

// Arguments 0 to 3 of both functions.
features::Clip to_clip(const Napi::CallbackInfo& info, const Input<std::uint8_t>& frames) {
  features::Clip clip;
  clip.width = info[1].As<Napi::Number>().Int32Value();
  clip.height = info[2].As<Napi::Number>().Int32Value();
  clip.fps = info[3].As<Napi::Number>().DoubleValue();
  clip.frames = frames.data();
  clip.count = frames.size() / clip.pixels();
  return clip;
}

features::VolumeParams to_volume_params(const Napi::Object& options) {
  features::VolumeParams params;
  params.side = options.Get("side").As<Napi::Number>().Int32Value();
  params.rate = options.Get("rate").As<Napi::Number>().DoubleValue();
  params.frames = options.Get("frames").As<Napi::Number>().Int32Value();
  return params;
}

class DescribeTask : public Task {
 public:
  explicit DescribeTask(const Napi::CallbackInfo& info)
      : frames_(info[0].As<Napi::Uint8Array>(), this), clip_(to_clip(info, frames_)), choice_(to_choice(info[5])) {
    const auto options = info[4].As<Napi::Object>();
    params_.grid = options.Get("grid").As<Napi::Number>().Int32Value();
    params_.thumbnail = options.Get("thumbnail").As<Napi::Number>().Int32Value();
    params_.flow = to_flow_params(options.Get("flow").As<Napi::Object>());
    if (options.Has("volume")) params_.volume = to_volume_params(options.Get("volume").As<Napi::Object>());
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    return device::compute(
        choice_, &used_,
        [&](const InfomotionPlugin& table) { return device::describe_clip(table, clip_, params_, cancel, &features_); },
        [&] { return features::describe_clip(clip_, params_, cancel, &features_); });
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("motion", to_array(env, features_.descriptor));
    result.Set("meanFrame", to_array(env, features_.mean_frame));
    result.Set("deviation", to_array(env, features_.deviation));
    if (params_.volume) result.Set("volume", to_array(env, features_.volume));
    set_used(env, result, used_);
    return result;
  }

 private:
  Input<std::uint8_t> frames_;
  features::Clip clip_;
  device::Choice choice_;
  device::Used used_;
  features::ClipParams params_;
  features::ClipFeatures features_;
};

class VolumeTask : public Task {
 public:
  explicit VolumeTask(const Napi::CallbackInfo& info)
      : frames_(info[0].As<Napi::Uint8Array>(), this),
        clip_(to_clip(info, frames_)),
        params_(to_volume_params(info[4].As<Napi::Object>())),
        flow_(to_flow_params(info[5].As<Napi::Object>())) {}

  runtime::Status run(const runtime::Cancel& cancel) override {
    return features::make_volume(clip_, params_, flow_, cancel, &volume_);
  }

  Napi::Value result(Napi::Env env) override { return to_array(env, volume_); }

 private:
  Input<std::uint8_t> frames_;
  features::Clip clip_;
  features::VolumeParams params_;
  flow::FarnebackParams flow_;
  std::vector<std::uint8_t> volume_;
};

template <typename SomeTask>
Napi::Value start_task(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<SomeTask>(info));
}

}  // namespace

void init_features(Napi::Env env, Napi::Object exports) {
  exports.Set("describeClip", Napi::Function::New(env, start_task<DescribeTask>));
  exports.Set("makeVolume", Napi::Function::New(env, start_task<VolumeTask>));
}

}  // namespace infomotion::node
