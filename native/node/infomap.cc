#include "infomap.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "infomap/infomap.h"
#include "infomap/links.h"

namespace infomotion::node {
namespace {

// A network as lib/infomap/graph.ts gives it: { nodes, offsets | sources, targets, weights? }, lengths checked there.
class Network {
 public:
  Network(const Napi::Object& network, const Napi::Object& options, Task* task) {
    nodes_ = network.Get("nodes").As<Napi::Number>().Uint32Value();
    csr_ = network.Has("offsets");
    rows_ = Input<uint32_t>(network.Get(csr_ ? "offsets" : "sources").As<Napi::Uint32Array>(), task);
    targets_ = Input<uint32_t>(network.Get("targets").As<Napi::Uint32Array>(), task);
    weighted_ = network.Has("weights");
    if (weighted_) weights_ = Input<double>(network.Get("weights").As<Napi::Float64Array>(), task);
    directed_ = options.Get("directed").As<Napi::Boolean>();
    teleportation_ = options.Get("teleportation").As<Napi::Number>();
  }

  uint32_t nodes() const { return nodes_; }

  Status flow(const Cancel& cancel, Flow& flow) const {
    LinkView view;
    view.nodes = nodes_;
    view.count = targets_.size();
    (csr_ ? view.offsets : view.sources) = rows_.data();
    view.targets = targets_.data();
    view.weights = weighted_ ? weights_.data() : nullptr;
    Links links;
    Status status = make_links(view, directed_, links);
    if (!status.ok()) return status;
    return compute_flow(std::move(links), teleportation_, cancel, flow);
  }

 private:
  uint32_t nodes_ = 0;
  bool csr_ = false, weighted_ = false, directed_ = false;
  double teleportation_ = 0;
  Input<uint32_t> rows_, targets_;
  Input<double> weights_;
};

void set_codelength(Napi::Object object, const Codelength& code, std::size_t links) {
  Napi::Env env = object.Env();
  object.Set("codelength", Napi::Number::New(env, code.total));
  object.Set("oneLevelCodelength", Napi::Number::New(env, code.one_level));
  object.Set("indexCodelength", Napi::Number::New(env, code.index));
  object.Set("topModules", Napi::Number::New(env, static_cast<double>(code.module_flow.size())));
  object.Set("links", Napi::Number::New(env, static_cast<double>(links)));
}

class InfomapTask : public Task {
 public:
  InfomapTask(const Napi::Object& network, const Napi::Object& options, const Napi::Int32Array& progress)
      : network_(network, options, this), progress_(progress, this) {
    options_.trials = options.Get("trials").As<Napi::Number>().Uint32Value();
    options_.seed = options.Get("seed").As<Napi::Number>().Uint32Value();
    options_.threads = options.Get("threads").As<Napi::Number>().Uint32Value();
    // One Int32 over a SharedArrayBuffer, so `progress_` lies on JS's own memory: trials done, which JS looks at.
    static_assert(sizeof(std::atomic<int32_t>) == sizeof(int32_t), "counted in place");
    auto* done = reinterpret_cast<std::atomic<int32_t>*>(const_cast<int32_t*>(progress_.data()));
    options_.on_trial_done = [done] { done->fetch_add(1); };
  }

  Status run(const Cancel& cancel) override {
    Status status = network_.flow(cancel, flow_);
    if (!status.ok()) return status;
    return infomap(flow_, options_, cancel, result_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    set_codelength(object, result_.codelength, flow_.targets.size());
    object.Set("modules", to_array(env, result_.modules));
    object.Set("flow", to_array(env, flow_.node_flow));
    object.Set("moduleFlow", to_array(env, result_.codelength.module_flow));
    object.Set("enter", to_array(env, result_.codelength.enter));
    object.Set("exit", to_array(env, result_.codelength.exit));
    object.Set("trialCodelengths", to_array(env, result_.trial_codelengths));
    object.Set("trial", Napi::Number::New(env, result_.trial));
    return object;
  }

 private:
  Network network_;
  Input<int32_t> progress_;
  InfomapOptions options_;
  Flow flow_;
  InfomapResult result_;
};

class CodelengthTask : public Task {
 public:
  CodelengthTask(const Napi::Object& network, const Napi::Object& options, const Napi::Uint32Array& modules)
      : network_(network, options, this), modules_(modules, this) {}

  Status run(const Cancel& cancel) override {
    Status status = network_.flow(cancel, flow_);
    if (!status.ok()) return status;
    std::vector<uint32_t> modules(modules_.data(), modules_.data() + network_.nodes());
    const uint32_t count = number_modules(modules);
    code_ = evaluate(flow_, modules, count);
    return {};
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    set_codelength(object, code_, flow_.targets.size());
    return object;
  }

 private:
  Network network_;
  Input<uint32_t> modules_;
  Flow flow_;
  Codelength code_;
};

Napi::Value start_infomap(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<InfomapTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                         info[2].As<Napi::Int32Array>()));
}

Napi::Value start_codelength(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<CodelengthTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                            info[2].As<Napi::Uint32Array>()));
}

}  // namespace

void init_infomap(Napi::Env env, Napi::Object exports) {
  exports.Set("infomap", Napi::Function::New(env, start_infomap, "infomap"));
  exports.Set("codelength", Napi::Function::New(env, start_codelength, "codelength"));
}

}  // namespace infomotion::node
