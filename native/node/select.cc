#include "select.h"

#include <memory>
#include <vector>

#include "async.h"
#include "select/swap.h"

namespace infomotion::node {
namespace {

// Arguments as lib/select/swap.ts gives them: the clips { values, rows, dim, labels, classes, groups, judged }, the
// start, and { loss, ridge, softmaxRidge, passes }.
class SwapTask : public Task {
 public:
  SwapTask(const Napi::Object& clips, const Napi::Uint32Array& start, const Napi::Object& options)
      : values_(clips.Get("values").As<Napi::Float32Array>(), this),
        labels_(clips.Get("labels").As<Napi::Uint32Array>(), this),
        groups_(clips.Get("groups").As<Napi::Uint32Array>(), this),
        start_(start.Data(), start.Data() + start.ElementLength()) {
    input_.points.rows = clips.Get("rows").As<Napi::Number>().Uint32Value();
    input_.points.dim = clips.Get("dim").As<Napi::Number>().Uint32Value();
    input_.points.values = values_.data();
    input_.classes = clips.Get("classes").As<Napi::Number>().Uint32Value();
    input_.labels = labels_.data();
    input_.groups = groups_.data();
    input_.judged = clips.Get("judged").As<Napi::Number>().Uint32Value();
    const bool squared = options.Get("loss").As<Napi::String>().Utf8Value() == "squared";
    options_.loss = squared ? select::SwapLoss::kSquared : select::SwapLoss::kCrossEntropy;
    options_.ridge = options.Get("ridge").As<Napi::Number>();
    options_.softmax_ridge = options.Get("softmaxRidge").As<Napi::Number>();
    options_.passes = options.Get("passes").As<Napi::Number>().Uint32Value();
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    return select::swap_search(input_, start_, options_, cancel, result_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("chosen", to_array(env, result_.chosen));
    object.Set("before", Napi::Number::New(env, result_.before));
    object.Set("after", Napi::Number::New(env, result_.after));
    object.Set("swaps", Napi::Number::New(env, static_cast<double>(result_.swaps)));
    return object;
  }

 private:
  Input<float> values_;
  Input<uint32_t> labels_, groups_;
  std::vector<uint32_t> start_;
  select::SwapInput input_;
  select::SwapOptions options_;
  select::SwapResult result_;
};

Napi::Value start_swap(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<SwapTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Uint32Array>(),
                                                      info[2].As<Napi::Object>()));
}

}  // namespace

void init_select(Napi::Env env, Napi::Object exports) {
  exports.Set("swapSearch", Napi::Function::New(env, start_swap, "swapSearch"));
}

}  // namespace infomotion::node
