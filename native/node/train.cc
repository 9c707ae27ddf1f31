// loadSamples(volumes, rows, starts | { seed, first, augmentation }, shape) -> Job<Float32Array>
#include "train.h"

#include "async.h"
#include "runtime/thread_pool.h"
#include "train/augment.h"

namespace infomotion::node {
namespace {

class SampleTask : public Task {
 public:
  explicit SampleTask(const Napi::CallbackInfo& info) : rows_(info[1].As<Napi::Int32Array>(), this) {
    const auto shape = info[3].As<Napi::Object>();
    const auto number = [](const Napi::Object& of, const char* name) { return of.Get(name).As<Napi::Number>(); };
    shape_.side = number(shape, "side").Int32Value();
    shape_.frames = number(shape, "frames").Int32Value();
    shape_.stride = number(shape, "stride").DoubleValue();
    shape_.grey = shape.Get("grey").As<Napi::Boolean>().Value();
    shape_.flow = shape.Get("flow").As<Napi::Boolean>().Value();

    const auto volumes = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < volumes.Length(); ++i) volumes_.emplace_back(volumes.Get(i).As<Napi::Uint8Array>(), this);

    if (info[2].IsTypedArray()) {
      starts_ = Input<std::int32_t>(info[2].As<Napi::Int32Array>(), this);
    } else {
      const auto draw = info[2].As<Napi::Object>(), ranges = draw.Get("augmentation").As<Napi::Object>();
      seed_ = number(draw, "seed").Uint32Value();
      first_ = number(draw, "first").Uint32Value();
      augmentation_.flip = ranges.Get("flip").As<Napi::Boolean>().Value();
      augmentation_.rotation = number(ranges, "rotation").DoubleValue();
      augmentation_.scale = number(ranges, "scale").DoubleValue();
      augmentation_.gain = number(ranges, "gain").DoubleValue();
      augmentation_.noise = number(ranges, "noise").DoubleValue();
      augmentation_.tempo = number(ranges, "tempo").DoubleValue();
    }
    // Written in place: nobody else sees it before the task is done, and batches are too large to copy.
    auto samples = Napi::Float32Array::New(info.Env(), rows_.size() * shape_.size());
    samples_ = samples.Data();
    result_ = kept.size();
    kept.push_back(Napi::Persistent(samples.As<Napi::Object>()));
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    runtime::parallel_for(rows_.size(), 0, [&](std::size_t i) {
      if (!cancel.requested()) render(i);
    });
    return cancel.requested() ? runtime::Status::cancelled() : runtime::Status();
  }

  Napi::Value result(Napi::Env) override { return kept[result_].Value(); }

 private:
  void render(std::size_t i) {
    const Input<std::uint8_t>& values = volumes_[rows_.data()[i]];
    const std::size_t frame = static_cast<std::size_t>(shape_.side) * shape_.side * 3;
    const train::VolumeView volume = {values.data(), static_cast<int>(values.size() / frame)};
    runtime::Random random = train::sample_random(seed_, first_ + static_cast<std::uint32_t>(i));
    train::Pose pose;
    if (starts_.size() > 0) pose.start = starts_.data()[i];
    else pose = train::draw_pose(augmentation_, volume.frames, random);
    train::Sampler(shape_).render(volume, pose, random, samples_ + i * shape_.size());
  }

  Input<std::int32_t> rows_, starts_;
  std::vector<Input<std::uint8_t>> volumes_;
  train::SampleShape shape_{};
  train::Augmentation augmentation_;
  std::uint32_t seed_ = 0, first_ = 0;
  float* samples_ = nullptr;
  std::size_t result_ = 0;  // its place in `kept`
};

}  // namespace

void init_train(Napi::Env env, Napi::Object exports) {
  exports.Set("loadSamples", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<SampleTask>(info));
              }));
}

}  // namespace infomotion::node
