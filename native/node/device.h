#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `cudaStatus` to the exports.
void init_device(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
