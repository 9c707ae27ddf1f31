#pragma once

#include <napi.h>

namespace infomotion::node {

// Adds `swapSearch` to the exports.
void init_select(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
