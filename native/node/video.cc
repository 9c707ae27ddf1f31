#include "video.h"

#include <memory>
#include <vector>

#include "async.h"
#include "video/avi.h"
#include "video/clip.h"
#include "video/jpeg.h"

namespace infomotion::node {
namespace {

uint32_t to_uint32(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().Uint32Value();
}

Napi::Value to_number(Napi::Env env, double value) { return Napi::Number::New(env, value); }

// walkAvi(file)
class WalkTask : public Task {
 public:
  explicit WalkTask(const Napi::CallbackInfo& info) : file_(info[0].As<Napi::Uint8Array>(), this) {}

  runtime::Status run(const runtime::Cancel& cancel) override {
    const video::Bytes file{file_.data(), file_.size()};
    const runtime::Status status = video::walk_avi(file, cancel, avi_);
    return status.ok() ? video::survey_clip(file, avi_, cancel, survey_) : status;
  }

  Napi::Value result(Napi::Env env) override {
    auto chunks = Napi::Float64Array::New(env, 2 * avi_.chunks.size());
    double* at = chunks.Data();
    for (const video::Range& chunk : avi_.chunks) {
      *at++ = static_cast<double>(chunk.start);
      *at++ = static_cast<double>(chunk.end);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("chunks", chunks);
    object.Set("named", to_number(env, static_cast<double>(avi_.named)));
    object.Set("fps", to_number(env, avi_.fps));
    object.Set("promised", to_number(env, avi_.promised));
    object.Set("codec", Napi::String::New(env, avi_.codec));
    object.Set("resyncs", to_number(env, static_cast<double>(avi_.resyncs)));
    object.Set("filled", to_number(env, static_cast<double>(survey_.filled)));
    object.Set("jpegs", to_number(env, static_cast<double>(survey_.jpegs)));
    Napi::Object layout = Napi::Object::New(env);
    layout.Set("width", to_number(env, survey_.layout.width));
    layout.Set("height", to_number(env, survey_.layout.height));
    layout.Set("woven", Napi::Boolean::New(env, survey_.layout.woven));
    layout.Set("evenFirst", Napi::Boolean::New(env, survey_.layout.even_first));
    layout.Set("chunks", to_number(env, static_cast<double>(survey_.layout.chunks)));
    object.Set("layout", layout);
    return object;
  }

 private:
  Borrowed<uint8_t> file_;
  video::Avi avi_;
  video::ClipSurvey survey_;
};

// decodeClip(file, chunks, layout); places are within the file.
class ClipTask : public Task {
 public:
  explicit ClipTask(const Napi::CallbackInfo& info) : file_(info[0].As<Napi::Uint8Array>(), this) {
    const auto chunks = info[1].As<Napi::Float64Array>();
    for (std::size_t i = 0; i + 1 < chunks.ElementLength(); i += 2)
      chunks_.push_back({static_cast<std::size_t>(chunks[i]), static_cast<std::size_t>(chunks[i + 1])});
    const auto layout = info[2].As<Napi::Object>();
    layout_.width = to_uint32(layout, "width");
    layout_.height = to_uint32(layout, "height");
    layout_.woven = layout.Get("woven").ToBoolean();
    layout_.even_first = layout.Get("evenFirst").ToBoolean();
    layout_.chunks = to_uint32(layout, "chunks");
    const std::size_t count = chunks_.size() / layout_.chunks;
    frames_ = Output<uint8_t>(info.Env(), count * layout_.width * layout_.height, this);
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    return video::decode_clip({file_.data(), file_.size()}, chunks_, layout_, cancel, frames_.data(), states_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("frames", frames_.value(*this));
    object.Set("states", to_array(env, states_));
    return object;
  }

 private:
  Borrowed<uint8_t> file_;
  std::vector<video::Range> chunks_;
  video::ClipLayout layout_;
  Output<uint8_t> frames_;
  std::vector<uint8_t> states_;
};

// encodeJpegs(pixels, width, height, channels, quality): as many pictures as the pixels are.
class EncodeTask : public Task {
 public:
  explicit EncodeTask(const Napi::CallbackInfo& info) : pixels_(info[0].As<Napi::Uint8Array>(), this) {
    picture_.pixels = pixels_.data();
    picture_.width = info[1].As<Napi::Number>().Uint32Value();
    picture_.height = info[2].As<Napi::Number>().Uint32Value();
    picture_.channels = info[3].As<Napi::Number>().Int32Value();
    quality_ = info[4].As<Napi::Number>().Int32Value();
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    const std::size_t count = pixels_.size() / (std::size_t{picture_.width} * picture_.height * picture_.channels);
    return video::encode_jpegs(picture_, count, quality_, cancel, jpegs_, ends_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("jpegs", to_array(env, jpegs_));
    object.Set("ends", to_array(env, ends_));
    return object;
  }

 private:
  Input<uint8_t> pixels_;
  video::Picture picture_;
  int quality_ = 0;
  std::vector<uint8_t> jpegs_;
  std::vector<double> ends_;
};

// decodeJpeg(jpeg, colour)
class ImageTask : public Task {
 public:
  explicit ImageTask(const Napi::CallbackInfo& info)
      : jpeg_(info[0].As<Napi::Uint8Array>(), this),
        colour_(info[1].As<Napi::String>().Utf8Value() == "stored" ? video::Colour::kStored : video::Colour::kLuma) {}

  runtime::Status run(const runtime::Cancel& cancel) override {
    return video::decode_image({jpeg_.data(), jpeg_.size()}, colour_, cancel, image_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    if (image_.bits > 8) object.Set("pixels", to_array(env, image_.wide));
    else object.Set("pixels", to_array(env, image_.pixels));
    object.Set("width", Napi::Number::New(env, image_.width));
    object.Set("height", Napi::Number::New(env, image_.height));
    object.Set("components", Napi::Number::New(env, image_.components));
    object.Set("bits", Napi::Number::New(env, image_.bits));
    object.Set("space", Napi::String::New(env, image_.space));
    object.Set("damage", Napi::String::New(env, image_.damage));
    return object;
  }

 private:
  Input<uint8_t> jpeg_;
  video::Colour colour_;
  video::JpegImage image_;
};

template <class T>
Napi::Value start_task(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<T>(info));
}

}  // namespace

void init_video(Napi::Env env, Napi::Object exports) {
  exports.Set("jpegLibrary", Napi::String::New(env, video::jpeg_library()));
  exports.Set("walkAvi", Napi::Function::New(env, start_task<WalkTask>, "walkAvi"));
  exports.Set("decodeClip", Napi::Function::New(env, start_task<ClipTask>, "decodeClip"));
  exports.Set("encodeJpegs", Napi::Function::New(env, start_task<EncodeTask>, "encodeJpegs"));
  exports.Set("decodeJpeg", Napi::Function::New(env, start_task<ImageTask>, "decodeJpeg"));
}

}  // namespace infomotion::node
