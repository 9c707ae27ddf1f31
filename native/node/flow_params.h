// Farneback's parameters as lib/flow/options.ts hands them over: complete and checked.
#pragma once

#include <napi.h>

#include "flow/farneback.h"

namespace infomotion::node {

inline flow::FarnebackParams to_flow_params(const Napi::Object& options) {
  const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().DoubleValue(); };
  const auto integer = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int32Value(); };
  flow::FarnebackParams params;
  params.pyr_scale = number("pyrScale");
  params.levels = integer("levels");
  params.winsize = integer("winsize");
  params.iterations = integer("iterations");
  params.poly_n = integer("polyN");
  params.poly_sigma = number("polySigma");
  params.gaussian = options.Get("gaussian").As<Napi::Boolean>().Value();
  const bool symmetric = options.Get("border").As<Napi::String>().Utf8Value() == "symmetric";
  params.border = symmetric ? flow::Border::kSymmetric : flow::Border::kOpenCV;
  return params;
}

}  // namespace infomotion::node
