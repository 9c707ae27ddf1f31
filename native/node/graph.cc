#include "graph.h"

#include <memory>
#include <vector>

#include "async.h"
#include "graph/knn.h"

namespace infomotion::node {
namespace {

// Arguments of both functions: values (Float32Array), rows, dim, k; lengths are checked in lib/graph/index.ts.
class NeighboursTask : public Task {
 public:
  explicit NeighboursTask(const Napi::CallbackInfo& info) : values_(info[0].As<Napi::Float32Array>(), this) {
    matrix_.rows = info[1].As<Napi::Number>().Uint32Value();
    matrix_.dim = info[2].As<Napi::Number>().Uint32Value();
    k_ = info[3].As<Napi::Number>().Uint32Value();
    matrix_.values = values_.data();
  }

  Status run(const Cancel& cancel) override { return nearest_neighbours(matrix_, k_, 0, cancel, neighbours_); }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("k", Napi::Number::New(env, static_cast<double>(neighbours_.k)));
    object.Set("neighbours", to_array(env, neighbours_.index));
    const std::vector<float> similarities(neighbours_.similarity.begin(), neighbours_.similarity.end());
    object.Set("similarities", to_array(env, similarities));
    return object;
  }

 protected:
  Neighbours neighbours_;

 private:
  Input<float> values_;
  Matrix matrix_;
  std::size_t k_ = 0;
};

class GraphTask : public NeighboursTask {
 public:
  using NeighboursTask::NeighboursTask;

  Status run(const Cancel& cancel) override {
    Status status = NeighboursTask::run(cancel);
    if (status.ok()) graph_ = union_graph(neighbours_);
    return status;
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object object = Napi::Object::New(env);
    object.Set("offsets", to_array(env, graph_.offsets));
    object.Set("targets", to_array(env, graph_.targets));
    object.Set("weights", to_array(env, graph_.weights));
    return object;
  }

 private:
  SimilarityGraph graph_;
};

template <class T>
Napi::Value start_task(const Napi::CallbackInfo& info) {
  return start(info.Env(), std::make_unique<T>(info));
}

}  // namespace

void init_graph(Napi::Env env, Napi::Object exports) {
  exports.Set("nearestNeighbours", Napi::Function::New(env, start_task<NeighboursTask>, "nearestNeighbours"));
  exports.Set("similarityGraph", Napi::Function::New(env, start_task<GraphTask>, "similarityGraph"));
}

}  // namespace infomotion::node
