#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `infomap` and `codelength` to the exports.
void init_infomap(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
