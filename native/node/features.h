#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `describeClip` and `makeVolume` to the exports.
void init_features(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
