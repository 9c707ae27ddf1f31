// describeClip(frames, width, height, fps, options) -> Job<{ motion, meanFrame, deviation }>
#include "features.h"

#include "async.h"
#include "features/clip.h"
#include "flow_params.h"

namespace infomotion::node {
namespace {

class DescribeTask : public Task {
 public:
  DescribeTask(const Napi::CallbackInfo& info) : frames_(info[0].As<Napi::Uint8Array>(), this) {
    clip_.width = info[1].As<Napi::Number>().Int32Value();
    clip_.height = info[2].As<Napi::Number>().Int32Value();
    clip_.fps = info[3].As<Napi::Number>().DoubleValue();
    clip_.frames = frames_.data();
    clip_.count = frames_.size() / (static_cast<std::size_t>(clip_.width) * clip_.height);
    const auto options = info[4].As<Napi::Object>();
    params_.grid = options.Get("grid").As<Napi::Number>().Int32Value();
    params_.thumbnail = options.Get("thumbnail").As<Napi::Number>().Int32Value();
    params_.flow = to_flow_params(options.Get("flow").As<Napi::Object>());
  }

  Status run(const Cancel& cancel) override { return features::describe_clip(clip_, params_, cancel, &features_); }

  Napi::Value result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("motion", to_array(env, features_.descriptor));
    result.Set("meanFrame", to_array(env, features_.mean_frame));
    result.Set("deviation", to_array(env, features_.deviation));
    return result;
  }

 private:
  Input<std::uint8_t> frames_;
  features::Clip clip_;
  features::ClipParams params_;
  features::ClipFeatures features_;
};

}  // namespace

void init_features(Napi::Env env, Napi::Object exports) {
  exports.Set("describeClip", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<DescribeTask>(info));
              }));
}

}  // namespace infomotion::node
