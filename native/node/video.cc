#include "video.h"

#include <memory>
#include <vector>

#include "async.h"
#include "video/jpeg.h"

namespace infomotion::node {
namespace {

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
  exports.Set("decodeJpeg", Napi::Function::New(env, start_task<ImageTask>, "decodeJpeg"));
}

}  // namespace infomotion::node
