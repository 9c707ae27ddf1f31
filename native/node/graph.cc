#include "graph.h"

#include <memory>
#include <string>
#include <vector>

#include "async.h"
#include "device.h"
#include "device/neighbours.h"
#include "graph/knn.h"
#include "graph/similarity.h"

namespace infomotion::node {
namespace {

graph::Metric to_metric(const Napi::Value& name) {
  return name.As<Napi::String>().Utf8Value() == "euclid" ? graph::Metric::kEuclid : graph::Metric::kCosine;
}

// nearestNeighbours(values, rows, dim, k, metric, device); lengths are checked in lib/graph/.
class NeighboursTask : public Task {
 public:
  explicit NeighboursTask(const Napi::CallbackInfo& info)
      : values_(info[0].As<Napi::Float32Array>(), this), metric_(to_metric(info[4])), choice_(to_choice(info[5])) {
    matrix_.rows = info[1].As<Napi::Number>().Uint32Value();
    matrix_.dim = info[2].As<Napi::Number>().Uint32Value();
    k_ = info[3].As<Napi::Number>().Uint32Value();
    matrix_.values = values_.data();
  }

  runtime::Status run(const runtime::Cancel& cancel) override {
    return device::nearest_neighbours(choice_, matrix_, k_, cancel, neighbours_, metric_, &used_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("k", Napi::Number::New(env, static_cast<double>(neighbours_.k)));
    object.Set("neighbours", to_array(env, neighbours_.index));
    object.Set("scores", to_array(env, neighbours_.similarity));
    set_used(env, object, used_);
    return object;
  }

 private:
  Input<float> values_;
  graph::Metric metric_;
  device::Choice choice_;
  device::Used used_;
  graph::Matrix matrix_;
  std::size_t k_ = 0;
  graph::Neighbours neighbours_;
};

// neighbourGraph(neighbours, scores, rows, k, metric, links, weights)
class GraphTask : public Task {
 public:
  explicit GraphTask(const Napi::CallbackInfo& info)
      : metric_(to_metric(info[4])),
        rule_(info[5].As<Napi::String>().Utf8Value() == "mutual" ? graph::LinkRule::kMutual : graph::LinkRule::kUnion),
        weighting_(info[6].As<Napi::String>().Utf8Value() == "local" ? graph::Weighting::kLocal
                                                                     : graph::Weighting::kCosine) {
    const auto index = info[0].As<Napi::Uint32Array>();
    const auto scores = info[1].As<Napi::Float64Array>();
    neighbours_.rows = info[2].As<Napi::Number>().Uint32Value();
    neighbours_.k = info[3].As<Napi::Number>().Uint32Value();
    neighbours_.index.assign(index.Data(), index.Data() + index.ElementLength());
    neighbours_.similarity.assign(scores.Data(), scores.Data() + scores.ElementLength());
  }

  runtime::Status run(const runtime::Cancel&) override {
    graph_ = graph::similarity_graph(neighbours_, metric_, rule_, weighting_);
    return {};
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("offsets", to_array(env, graph_.offsets));
    object.Set("targets", to_array(env, graph_.targets));
    object.Set("weights", to_array(env, graph_.weights));
    return object;
  }

 private:
  graph::Metric metric_;
  graph::LinkRule rule_;
  graph::Weighting weighting_;
  graph::Neighbours neighbours_;
  graph::SimilarityGraph graph_;
};

template <class T>
Napi::Value start_task(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<T>(info));
}

}  // namespace

void init_graph(Napi::Env env, Napi::Object exports) {
  exports.Set("nearestNeighbours", Napi::Function::New(env, start_task<NeighboursTask>, "nearestNeighbours"));
  exports.Set("neighbourGraph", Napi::Function::New(env, start_task<GraphTask>, "neighbourGraph"));
}

}  // namespace infomotion::node
