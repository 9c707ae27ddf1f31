#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `loadSamples` to the exports.
void init_train(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
