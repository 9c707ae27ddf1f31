// farneback(frames, width, height, options, initialFlow | undefined) -> Job<Float32Array>
#include "flow.h"

#include "async.h"
#include "flow/farneback.h"
#include "flow_params.h"

namespace infomotion::node {
namespace {

class FarnebackTask : public Task {
 public:
  FarnebackTask(const Napi::CallbackInfo& info)
      : width_(info[1].As<Napi::Number>().Int32Value()),
        height_(info[2].As<Napi::Number>().Int32Value()),
        params_(to_flow_params(info[3].As<Napi::Object>())) {
    if (info[0].As<Napi::TypedArray>().TypedArrayType() == napi_float32_array)
      floats_ = Input<float>(info[0].As<Napi::Float32Array>(), this);
    else
      bytes_ = Input<std::uint8_t>(info[0].As<Napi::Uint8Array>(), this);
    if (info[4].IsTypedArray()) initial_ = Input<float>(info[4].As<Napi::Float32Array>(), this);
  }

  Status run(const Cancel& cancel) override {
    return floats_.size() > 0 ? run(floats_, cancel) : run(bytes_, cancel);
  }

  Napi::Value result(Napi::Env env) override { return to_array(env, flow_); }

 private:
  template <typename T>
  Status run(const Input<T>& frames, const Cancel& cancel) {
    const std::size_t pixels = static_cast<std::size_t>(width_) * height_, count = frames.size() / pixels;
    flow::FarnebackSequence sequence;
    Status status = sequence.init(width_, height_, params_);
    if (count > 0) flow_.resize((count - 1) * pixels * 2);
    for (std::size_t t = 0; status.ok() && t < count; ++t) {
      const std::size_t offset = t > 0 ? (t - 1) * pixels * 2 : 0;  // the first frame gives no flow
      const float* initial = initial_.size() > 0 ? initial_.data() + offset : nullptr;
      status = sequence.push(frames.data() + t * pixels, initial, flow_.data() + offset, cancel);
    }
    return status;
  }

  int width_, height_;
  flow::FarnebackParams params_;
  Input<std::uint8_t> bytes_;
  Input<float> floats_;
  Input<float> initial_;
  std::vector<float> flow_;
};

}  // namespace

void init_flow(Napi::Env env, Napi::Object exports) {
  exports.Set("farneback", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<FarnebackTask>(info));
              }));
}

}  // namespace infomotion::node
