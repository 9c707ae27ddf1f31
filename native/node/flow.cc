// farneback(frames, layout, options, initialFlow | undefined, progress, device, threads) -> Job<{ flow, device, reason
// }> flowSequence(width, height, options, threads) -> sequence pushFrame(sequence, frame, rowStride, initialFlow |
// undefined, restart) -> Job<Float32Array | undefined> closeSequence(sequence)
#include "flow.h"

#include <atomic>
#include <memory>
#include <type_traits>

#include "async.h"
#include "device.h"
#include "device/flow.h"
#include "flow/clip.h"
#include "flow_params.h"

namespace infomotion::node {
namespace {

// Grey levels as bytes or floats.
class Greys {
 public:
  Greys(const Napi::TypedArray& array, Task* task) {
    if (array.TypedArrayType() == napi_float32_array) floats_ = Input<float>(array.As<Napi::Float32Array>(), task);
    else bytes_ = Input<std::uint8_t>(array.As<Napi::Uint8Array>(), task);
  }

  // Calls with a pointer to the values.
  template <typename Call>
  runtime::Status with(const Call& call) const {
    return floats_.size() > 0 ? call(floats_.data()) : call(bytes_.data());
  }

  // Calls with a pointer to `count` frames, end to end.
  template <typename Call>
  auto with_clip(int width, int height, std::size_t count, std::size_t row_stride, std::size_t frame_stride,
                 const Call& call) {
    return floats_.size() > 0
               ? call(packed_clip(floats_.data(), width, height, count, row_stride, frame_stride, packed_floats_))
               : call(packed_clip(bytes_.data(), width, height, count, row_stride, frame_stride, packed_bytes_));
  }

 private:
  template <typename T>
  static const T* packed_clip(const T* frames, int width, int height, std::size_t count, std::size_t row_stride,
                              std::size_t frame_stride, std::vector<T>& clip) {
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    if (row_stride == static_cast<std::size_t>(width) && (frame_stride == pixels || count < 2)) return frames;
    clip.resize(pixels * count);
    for (std::size_t t = 0; t < count; ++t)
      for (int y = 0; y < height; ++y)
        std::copy_n(frames + t * frame_stride + y * row_stride, width,
                    clip.begin() + static_cast<std::ptrdiff_t>(t * pixels + static_cast<std::size_t>(y) * width));
    return clip.data();
  }

  Input<std::uint8_t> bytes_;
  Input<float> floats_;
  std::vector<std::uint8_t> packed_bytes_;
  std::vector<float> packed_floats_;
};

class FarnebackTask : public Task {
 public:
  FarnebackTask(const Napi::CallbackInfo& info)
      : layout_(info[1].As<Napi::Object>()),
        params_(to_flow_params(info[2].As<Napi::Object>())),
        frames_(info[0].As<Napi::TypedArray>(), this),
        done_(info[4].As<Napi::Int32Array>(), this),
        choice_(to_choice(info[5])),
        threads_(info[6].As<Napi::Number>().Int32Value()),
        flow_(info.Env(), (layout_.count - 1) * layout_.width * layout_.height * 2, this) {
    if (info[3].IsTypedArray()) initial_ = Input<float>(info[3].As<Napi::Float32Array>(), this);
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    return device::compute(
        choice_, &used_, [&](const InfomotionPlugin& table) { return run_on_device(table, cancel); },
        [&] { return run_on_cpu(cancel); });
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("flow", flow_.value(*this));
    set_used(env, result, used_);
    return result;
  }

 private:
  // One Int32 over a SharedArrayBuffer, so `done_` lies on JS's own memory: pairs done, which JS looks at.
  std::atomic<int32_t>* done() { return reinterpret_cast<std::atomic<int32_t>*>(const_cast<int32_t*>(done_.data())); }
  const float* initial() const { return initial_.size() > 0 ? initial_.data() : nullptr; }

  runtime::Status run_on_device(const InfomotionPlugin& table, const runtime::Cancel& cancel) {
    const auto& [width, height, count, row_stride, frame_stride] = layout_;
    const runtime::Status status =
        frames_.with_clip(width, height, count, row_stride, frame_stride, [&](const auto* frames) {
          const InfomotionClip clip = {frames, count, initial(), flow_.data(), nullptr};
          const auto request = device::flow_request(width, height, sizeof(*frames) > 1, params_, 1, &clip, 1, cancel);
          InfomotionMessage message = {};
          return device::to_status(table.flow(&request, &message), message);
        });
    if (status.ok()) done()->fetch_add(static_cast<int32_t>(count - 1), std::memory_order_relaxed);
    return status;
  }

  runtime::Status run_on_cpu(const runtime::Cancel& cancel) {
    return frames_.with([&](const auto* values) {
      const flow::Frames<std::decay_t<decltype(*values)>> frames = {
          values, layout_.width, layout_.height, layout_.count, layout_.row_stride, layout_.frame_stride};
      return flow::clip_flow(frames, params_, threads_, initial(), flow_.data(), done(), cancel);
    });
  }

  struct Layout {
    explicit Layout(const Napi::Object& layout)
        : width(layout.Get("width").As<Napi::Number>().Int32Value()),
          height(layout.Get("height").As<Napi::Number>().Int32Value()),
          count(size(layout, "count")),
          row_stride(size(layout, "rowStride")),
          frame_stride(size(layout, "frameStride")) {}
    static std::size_t size(const Napi::Object& layout, const char* name) {
      return static_cast<std::size_t>(layout.Get(name).As<Napi::Number>().Int64Value());
    }
    int width, height;
    std::size_t count, row_stride, frame_stride;
  };

  Layout layout_;
  flow::FarnebackParams params_;
  Greys frames_;
  Input<float> initial_;
  Input<int32_t> done_;
  device::Choice choice_;
  device::Used used_;
  int threads_;
  Output<float> flow_;
};

// A sequence that lives from frame to frame. lib/flow/sequence.ts sees to it that one frame is pushed at a time, and
// none after the sequence was closed.
struct Stream {
  int width, height;
  flow::FarnebackSequence sequence;
  bool primed = false;  // a frame has been pushed
};

// What JS holds. Its memory is told to V8, which else would see no reason to collect it.
class Handle {
 public:
  Handle(Napi::Env env, std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {
    bytes_ = kBytesAPixel * stream_->width * stream_->height;
    Napi::MemoryManagement::AdjustExternalMemory(env, bytes_);
  }
  void close(Napi::Env env) {  // a task that runs keeps the stream until it is done
    if (stream_) Napi::MemoryManagement::AdjustExternalMemory(env, -bytes_);
    stream_.reset();
  }
  const std::shared_ptr<Stream>& stream() const { return stream_; }

 private:
  static constexpr int64_t kBytesAPixel = 128;  // roughly: two expansions, planes, the flow
  std::shared_ptr<Stream> stream_;
  int64_t bytes_;
};

class PushTask : public Task {
 public:
  PushTask(const Napi::CallbackInfo& info)
      : stream_(info[0].As<Napi::External<Handle>>().Data()->stream()),
        frame_(info[1].As<Napi::TypedArray>(), this),
        row_stride_(static_cast<std::size_t>(info[2].As<Napi::Number>().Int64Value())),
        restart_(info[4].As<Napi::Boolean>().Value()),
        gives_flow_(stream_->primed && !restart_) {
    if (info[3].IsTypedArray()) initial_ = Input<float>(info[3].As<Napi::Float32Array>(), this);
    if (gives_flow_)
      flow_ = Output<float>(info.Env(), static_cast<std::size_t>(stream_->width) * stream_->height * 2, this);
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    if (restart_) stream_->sequence.restart();
    const float* initial = initial_.size() > 0 ? initial_.data() : nullptr;
    runtime::Status status = frame_.with(
        [&](const auto* frame) { return stream_->sequence.push(frame, row_stride_, initial, flow_.data(), cancel); });
    stream_->primed = status.ok();
    return status;
  }

  Napi::Value result(Napi::Env env) override { return gives_flow_ ? flow_.value(*this) : env.Undefined(); }

 private:
  std::shared_ptr<Stream> stream_;
  Greys frame_;
  Input<float> initial_;
  std::size_t row_stride_;
  bool restart_, gives_flow_;
  Output<float> flow_;
};

Napi::Value open_sequence(const Napi::CallbackInfo& info) {
  auto stream = std::make_shared<Stream>();
  stream->width = info[0].As<Napi::Number>().Int32Value();
  stream->height = info[1].As<Napi::Number>().Int32Value();
  try {
    const int wanted = info[3].As<Napi::Number>().Int32Value();
    const std::size_t pixels = static_cast<std::size_t>(stream->width) * stream->height;
    const int threads = wanted > 0 ? wanted : static_cast<int>(flow::worthwhile_threads(pixels));
    const runtime::Status status =
        stream->sequence.init(stream->width, stream->height, to_flow_params(info[2].As<Napi::Object>()), threads);
    if (!status.ok()) throw to_error(info.Env(), status);
  } catch (const std::bad_alloc&) {
    throw to_error(info.Env(), runtime::Status::error("OUT_OF_MEMORY", "Not enough memory for frames of this size."));
  }
  return Napi::External<Handle>::New(info.Env(), new Handle(info.Env(), std::move(stream)),
                                     [](Napi::Env env, Handle* handle) {
                                       handle->close(env);
                                       delete handle;
                                     });
}

}  // namespace

void init_flow(Napi::Env env, Napi::Object exports) {
  exports.Set("farneback", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<FarnebackTask>(info));
              }));
  exports.Set("flowSequence", Napi::Function::New(env, open_sequence));
  exports.Set("pushFrame", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                return start(info.Env(), std::make_unique<PushTask>(info));
              }));
  exports.Set("closeSequence", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                info[0].As<Napi::External<Handle>>().Data()->close(info.Env());
              }));
}

}  // namespace infomotion::node
