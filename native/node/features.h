#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `describeClip` to the exports.
void init_features(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
