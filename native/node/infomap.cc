#include "infomap.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async.h"
#include "infomap/infomap.h"
#include "infomap/links.h"
#include "infomap/module_links.h"

namespace infomotion::node {
namespace {

// A network as lib/infomap/network.ts gives it: { nodes, offsets | sources, targets, weights? }, lengths checked there.
class Network {
 public:
  Network(const Napi::Object& network, const Napi::Object& options, Task* task) {
    nodes_ = network.Get("nodes").As<Napi::Number>().Uint32Value();
    csr_ = network.Has("offsets");
    rows_ = Input<uint32_t>(network.Get(csr_ ? "offsets" : "sources").As<Napi::Uint32Array>(), task);
    targets_ = Input<uint32_t>(network.Get("targets").As<Napi::Uint32Array>(), task);
    weighted_ = network.Has("weights");
    if (weighted_) weights_ = Input<double>(network.Get("weights").As<Napi::Float64Array>(), task);
    const auto flag = [&](const char* name) { return options.Get(name).As<Napi::Boolean>().Value(); };
    const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().DoubleValue(); };
    directed_ = flag("directed");
    options_.teleportation = number("teleportation");
    options_.recorded = flag("recordedTeleportation");
    options_.to_nodes = flag("toNodes");
    options_.regularization = number("regularization");
    options_.markov_time = number("markovTime");
    options_.variable_markov_time = flag("variableMarkovTime");
    options_.min_scale = number("variableMarkovMinScale");
    options_.model = static_cast<infomap::FlowModel>(static_cast<int>(number("flowModel")));
    options_.node_weights_as_flow = flag("nodeWeightsAsFlow");
    options_.self_links = !flag("noSelfLinks");
    if (network.Has("nodeWeights")) {
      const Input<double> weights(network.Get("nodeWeights").As<Napi::Float64Array>(), task);
      options_.node_weights.assign(weights.data(), weights.data() + weights.size());
    }
    if (network.Has("bipartite")) options_.bipartite = network.Get("bipartite").As<Napi::Number>().Uint32Value();
  }

  uint32_t nodes() const { return nodes_; }

  runtime::Status flow(const runtime::Cancel& cancel, infomap::Flow& flow) const {
    infomap::LinkView view;
    view.nodes = nodes_;
    view.count = targets_.size();
    (csr_ ? view.offsets : view.sources) = rows_.data();
    view.targets = targets_.data();
    view.weights = weighted_ ? weights_.data() : nullptr;
    view.bipartite = options_.bipartite;
    infomap::Links links;
    runtime::Status status = infomap::make_links(view, directed_, links);
    if (!status.ok()) return status;
    return infomap::compute_flow(std::move(links), options_, cancel, flow);
  }

 private:
  uint32_t nodes_ = 0;
  bool csr_ = false, weighted_ = false, directed_ = false;
  infomap::WalkOptions options_;
  Input<uint32_t> rows_, targets_;
  Input<double> weights_;
};

void set_codelength(Napi::Object object, const infomap::Codelength& code, const infomap::Hierarchy& hierarchy,
                    const infomap::Flow& flow) {
  Napi::Env env = object.Env();
  object.Set("codelength", Napi::Number::New(env, code.total));
  object.Set("oneLevelCodelength", Napi::Number::New(env, code.one_level));
  object.Set("codelengths", to_array(env, code.by_level));
  object.Set("links", Napi::Number::New(env, static_cast<double>(flow.targets.size())));
  object.Set("flow", to_array(env, flow.node_flow));
  Napi::Array levels = Napi::Array::New(env);
  for (const infomap::Level& level : hierarchy) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("modules", to_array(env, level.modules));
    one.Set("parents", to_array(env, level.parents));
    one.Set("flow", to_array(env, level.flow));
    one.Set("enter", to_array(env, level.enter));
    one.Set("exit", to_array(env, level.exit));
    levels.Set(levels.Length(), one);
  }
  object.Set("hierarchy", levels);
}

double entropy_correction(const Napi::Object& options) {
  return options.Get("entropyCorrection").As<Napi::Number>().DoubleValue();
}

class InfomapTask : public Task {
 public:
  InfomapTask(const Napi::Object& network, const Napi::Object& options, const Napi::Int32Array& progress)
      : network_(network, options, this), progress_(progress, this) {
    options_.two_level = options.Get("twoLevel").As<Napi::Boolean>();
    options_.entropy_correction = entropy_correction(options);
    options_.preferred_modules = options.Get("preferredModules").As<Napi::Number>().Uint32Value();
    if (options.Has("initial")) initial_ = Input<uint32_t>(options.Get("initial").As<Napi::Uint32Array>(), this);
    options_.trials = options.Get("trials").As<Napi::Number>().Uint32Value();
    options_.seed = options.Get("seed").As<Napi::Number>().Uint32Value();
    options_.threads = options.Get("threads").As<Napi::Number>().Uint32Value();
    // One Int32 over a SharedArrayBuffer, so `progress_` lies on JS's own memory: trials done, which JS looks at.
    static_assert(sizeof(std::atomic<int32_t>) == sizeof(int32_t), "counted in place");
    auto* done = reinterpret_cast<std::atomic<int32_t>*>(const_cast<int32_t*>(progress_.data()));
    options_.on_trial_done = [done] { done->fetch_add(1); };
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    const auto start = std::chrono::steady_clock::now();
    runtime::Status status = search(cancel);
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status;
  }

  runtime::Status search(const runtime::Cancel& cancel) {
    runtime::Status status = network_.flow(cancel, flow_);
    if (!status.ok()) return status;
    if (initial_.size() > 0) {
      options_.initial.assign(initial_.data(), initial_.data() + network_.nodes());
      infomap::number_modules(options_.initial);
    }
    return infomap::find_modules(flow_, options_, cancel, result_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    set_codelength(object, result_.codelength, result_.hierarchy, flow_);
    object.Set("trialCodelengths", to_array(env, result_.trial_codelengths));
    object.Set("trial", Napi::Number::New(env, result_.trial));
    object.Set("seconds", Napi::Number::New(env, seconds_));
    return object;
  }

 private:
  Network network_;
  Input<uint32_t> initial_;
  Input<int32_t> progress_;
  infomap::InfomapOptions options_;
  infomap::Flow flow_;
  infomap::InfomapResult result_;
  double seconds_ = 0;
};

class CodelengthTask : public Task {
 public:
  // `levels`: arrays of the module of each node, from the top.
  CodelengthTask(const Napi::Object& network, const Napi::Object& options, const Napi::Array& levels)
      : network_(network, options, this), entropy_correction_(entropy_correction(options)) {
    for (uint32_t i = 0; i < levels.Length(); ++i) levels_.emplace_back(levels.Get(i).As<Napi::Uint32Array>(), this);
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    runtime::Status status = network_.flow(cancel, flow_);
    if (!status.ok()) return status;
    std::vector<std::vector<uint32_t>> levels;
    for (const Input<uint32_t>& level : levels_) {
      levels.emplace_back(level.data(), level.data() + network_.nodes());
      infomap::number_modules(levels.back());
    }
    status = infomap::make_hierarchy(flow_, std::move(levels), hierarchy_);
    if (status.ok()) code_ = infomap::evaluate(flow_, hierarchy_, infomap::word_correction(flow_, entropy_correction_));
    return status;
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    set_codelength(object, code_, hierarchy_, flow_);
    return object;
  }

 private:
  Network network_;
  double entropy_correction_;
  std::vector<Input<uint32_t>> levels_;
  infomap::Flow flow_;
  infomap::Hierarchy hierarchy_;
  infomap::Codelength code_;
};

class ModuleLinksTask : public Task {
 public:
  // `levels`: arrays of the module of each node, from the top.
  ModuleLinksTask(const Napi::Object& network, const Napi::Object& options, const Napi::Array& levels)
      : network_(network, options, this) {
    for (uint32_t i = 0; i < levels.Length(); ++i) levels_.emplace_back(levels.Get(i).As<Napi::Uint32Array>(), this);
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    infomap::Flow flow;
    runtime::Status status = network_.flow(cancel, flow);
    if (!status.ok()) return status;
    std::vector<std::vector<uint32_t>> levels;
    for (const Input<uint32_t>& level : levels_) levels.emplace_back(level.data(), level.data() + network_.nodes());
    return infomap::module_links(flow, levels, cancel, links_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Array levels = Napi::Array::New(env);
    for (const infomap::ModuleLinks& links : links_) {
      Napi::Object one = Napi::Object::New(env);
      one.Set("sources", to_array(env, links.sources));
      one.Set("targets", to_array(env, links.targets));
      one.Set("flow", to_array(env, links.flow));
      levels.Set(levels.Length(), one);
    }
    return levels;
  }

 private:
  Network network_;
  std::vector<Input<uint32_t>> levels_;
  std::vector<infomap::ModuleLinks> links_;
};

Napi::Value start_infomap(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<InfomapTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                         info[2].As<Napi::Int32Array>()));
}

Napi::Value start_codelength(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<CodelengthTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                            info[2].As<Napi::Array>()));
}

Napi::Value start_module_links(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<ModuleLinksTask>(info[0].As<Napi::Object>(), info[1].As<Napi::Object>(),
                                                             info[2].As<Napi::Array>()));
}

}  // namespace

void init_infomap(Napi::Env env, Napi::Object exports) {
  exports.Set("infomap", Napi::Function::New(env, start_infomap, "infomap"));
  exports.Set("codelength", Napi::Function::New(env, start_codelength, "codelength"));
  exports.Set("moduleLinks", Napi::Function::New(env, start_module_links, "moduleLinks"));
}

}  // namespace infomotion::node
