// cudaStatus() -> Job<{ reason, plugin, runtime, devices }>
#include "device.h"

#include <string>

#include "async.h"
#include "device/cuda.h"

namespace infomotion::node {
namespace {

class StatusTask : public Task {
 public:
  runtime::Status run(const runtime::Cancel&) override {
    cuda_ = &device::cuda();
    return {};
  }

  Napi::Value result(Napi::Env env) override {
    const auto number = [env](double value) { return Napi::Number::New(env, value); };
    Napi::Array devices = Napi::Array::New(env);
    for (const InfomotionDevice& device : cuda_->devices) {
      Napi::Object object = Napi::Object::New(env);
      object.Set("name", device.name);
      object.Set("capability", std::to_string(device.major) + "." + std::to_string(device.minor));
      object.Set("multiprocessors", number(device.multiprocessors));
      object.Set("memory", number(static_cast<double>(device.memory)));
      devices.Set(devices.Length(), object);
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("reason", cuda_->reason);
    result.Set("plugin", cuda_->plugin);
    result.Set("runtime", cuda_->runtime);
    result.Set("devices", devices);
    return result;
  }

 private:
  const device::Cuda* cuda_ = nullptr;
};

}  // namespace

device::Choice to_choice(const Napi::Value& name) {
  const std::string text = name.As<Napi::String>().Utf8Value();
  return text == "auto" ? device::Choice::kAuto : text == "cuda" ? device::Choice::kCuda : device::Choice::kCpu;
}

void set_used(Napi::Env env, Napi::Object result, const device::Used& used) {
  result.Set("device", Napi::String::New(env, used.cuda ? "cuda" : "cpu"));
  result.Set("reason", Napi::String::New(env, used.reason));
}

void init_device(Napi::Env env, Napi::Object exports) {
  exports.Set("cudaStatus", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<StatusTask>());
              }));
}

}  // namespace infomotion::node
