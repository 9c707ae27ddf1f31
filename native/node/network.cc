#include "network.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "async.h"
#include "infomap/partition_reader.h"
#include "infomap/reader.h"

namespace infomotion::node {
namespace {

// Files that are being read. lib/infomap/text.ts gives them one piece after another, each when the last is done.
struct Reading {
  Reading(std::string name, std::size_t bytes, double weight_threshold, uint64_t node_limit)
      : reader(std::move(name), bytes, weight_threshold, node_limit) {}
  infomap::NetworkReader reader;
  infomap::Network network;
};
using Shared = std::shared_ptr<Reading>;
using SharedPartition = std::shared_ptr<infomap::PartitionReader>;

// Reads the lines of the piece that has been appended.
template <typename Reader>
class ReadTask : public Task {
 public:
  explicit ReadTask(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}
  runtime::Status run(const runtime::Cancel& cancel) override { return reader_->read(cancel); }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  std::shared_ptr<Reader> reader_;
};

// append(piece) of a reader.
template <typename Reader>
Napi::Function append_function(Napi::Env env, std::shared_ptr<Reader> reader) {
  return Napi::Function::New(env, [reader = std::move(reader)](const Napi::CallbackInfo& call) -> Napi::Value {
    const auto piece = call[0].As<Napi::Uint8Array>();
    reader->append(reinterpret_cast<const char*>(piece.Data()), piece.ByteLength());
    return start(call.Env(), std::make_unique<ReadTask<Reader>>(reader));
  });
}

// Numbers the nodes; gives the sizes of what there is.
class FinishTask : public Task {
 public:
  explicit FinishTask(Shared reading) : reading_(std::move(reading)) {}
  runtime::Status run(const runtime::Cancel& cancel) override {
    return reading_->reader.finish(cancel, reading_->network);
  }

  Napi::Value result(Napi::Env env) override {
    const infomap::Network& network = reading_->network;
    Napi::Object object = Napi::Object::New(env);
    object.Set("nodes", Napi::Number::New(env, network.nodes));
    object.Set("links", Napi::Number::New(env, static_cast<double>(network.targets.size())));
    object.Set("weighted", Napi::Boolean::New(env, !network.weights.empty()));
    object.Set("nodeWeighted", Napi::Boolean::New(env, !network.node_weights.empty()));
    object.Set("bipartite", Napi::Number::New(env, network.bipartite));
    if (network.named) object.Set("nameBytes", Napi::Number::New(env, static_cast<double>(network.names.size())));
    return object;
  }

 private:
  Shared reading_;
};

// Moves the network into arrays over SharedArrayBuffers, which JS made of the sizes that FinishTask gave.
class MoveTask : public Task {
 public:
  MoveTask(Shared reading, const Napi::Object& into) : reading_(std::move(reading)) {
    ids_ = Input<double>(into.Get("ids").As<Napi::Float64Array>(), this);
    sources_ = Input<uint32_t>(into.Get("sources").As<Napi::Uint32Array>(), this);
    targets_ = Input<uint32_t>(into.Get("targets").As<Napi::Uint32Array>(), this);
    if (into.Has("weights")) weights_ = Input<double>(into.Get("weights").As<Napi::Float64Array>(), this);
    if (into.Has("nodeWeights")) node_weights_ = Input<double>(into.Get("nodeWeights").As<Napi::Float64Array>(), this);
    if (into.Has("names")) names_ = Input<uint8_t>(into.Get("names").As<Napi::Uint8Array>(), this);
  }

  runtime::Status run(const runtime::Cancel&) override {
    infomap::Network& network = reading_->network;
    const bool fits = move(network.ids, ids_) && move(network.sources, sources_) && move(network.targets, targets_) &&
                      move(network.weights, weights_) && move(network.node_weights, node_weights_) &&
                      move(network.names, names_);
    return fits ? runtime::Status{} : runtime::Status::error("INTERNAL", "Arrays of other sizes than the network's.");
  }
  Napi::Value result(Napi::Env env) override { return env.Undefined(); }

 private:
  template <typename From, typename T>
  static bool move(From& from, const Input<T>& to) {
    if (from.size() != to.size()) return false;
    std::copy(from.begin(), from.end(), const_cast<T*>(to.data()));
    From().swap(from);
    return true;
  }

  Shared reading_;
  Input<double> ids_, weights_, node_weights_;
  Input<uint32_t> sources_, targets_;
  Input<uint8_t> names_;
};

// Puts the partition in order of the network's nodes.
class FinishPartitionTask : public Task {
 public:
  FinishPartitionTask(SharedPartition reader, const Napi::Float64Array& ids)
      : reader_(std::move(reader)), ids_(ids, this) {}
  runtime::Status run(const runtime::Cancel& cancel) override {
    return reader_->finish(ids_.data(), static_cast<uint32_t>(ids_.size()), cancel, levels_);
  }
  Napi::Value result(Napi::Env env) override {
    Napi::Array levels = Napi::Array::New(env);
    for (const auto& modules : levels_) levels.Set(levels.Length(), to_array(env, modules));
    return levels;
  }

 private:
  SharedPartition reader_;
  Input<double> ids_;
  infomap::Levels levels_;
};

// networkReader(name, bytes, weightThreshold, nodeLimit): { append(piece), finish(), moveInto(arrays) }, all jobs.
Napi::Value network_reader(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto reading = std::make_shared<Reading>(
      info[0].As<Napi::String>().Utf8Value(), static_cast<std::size_t>(info[1].As<Napi::Number>().DoubleValue()),
      info[2].As<Napi::Number>().DoubleValue(), static_cast<uint64_t>(info[3].As<Napi::Number>().DoubleValue()));
  Napi::Object object = Napi::Object::New(env);
  object.Set("append", append_function(env, std::shared_ptr<infomap::NetworkReader>(reading, &reading->reader)));
  object.Set("finish", Napi::Function::New(env, [reading](const Napi::CallbackInfo& call) -> Napi::Value {
               return start(call.Env(), std::make_unique<FinishTask>(reading));
             }));
  object.Set("moveInto", Napi::Function::New(env, [reading](const Napi::CallbackInfo& call) -> Napi::Value {
               return start(call.Env(), std::make_unique<MoveTask>(reading, call[0].As<Napi::Object>()));
             }));
  return object;
}

// partitionReader(name, tree): { append(piece), finish(ids) }, all jobs.
Napi::Value partition_reader(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto reader = std::make_shared<infomap::PartitionReader>(info[0].As<Napi::String>().Utf8Value(),
                                                           info[1].As<Napi::Boolean>().Value());
  Napi::Object object = Napi::Object::New(env);
  object.Set("append", append_function(env, reader));
  object.Set("finish", Napi::Function::New(env, [reader](const Napi::CallbackInfo& call) -> Napi::Value {
               return start(call.Env(),
                            std::make_unique<FinishPartitionTask>(reader, call[0].As<Napi::Float64Array>()));
             }));
  return object;
}

}  // namespace

void init_network(Napi::Env env, Napi::Object exports) {
  exports.Set("networkReader", Napi::Function::New(env, network_reader, "networkReader"));
  exports.Set("partitionReader", Napi::Function::New(env, partition_reader, "partitionReader"));
}

}  // namespace infomotion::node
