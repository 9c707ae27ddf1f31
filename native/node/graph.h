#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `nearestNeighbours` and `similarityGraph` to the exports.
void init_graph(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
