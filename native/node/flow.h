#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `farneback`, `flowSequence`, `pushFrame` and `closeSequence` to the exports.
void init_flow(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
