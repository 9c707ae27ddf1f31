#pragma once

#include <napi.h>

#include "device/cuda.h"

namespace infomotion::node {

// Adds `cudaStatus` to the exports.
// 'auto', 'cpu' or 'cuda', as lib/runtime/device.ts checks it.
device::Choice to_choice(const Napi::Value& name);

// `device` ('cpu' or 'cuda') and `reason` to a result.
void set_used(Napi::Env env, Napi::Object result, const device::Used& used);

void init_device(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
