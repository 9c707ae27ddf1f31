#pragma once

#include <napi.h>

namespace infomotion::node {

void init_video(Napi::Env env, Napi::Object exports);

}  // namespace infomotion::node
