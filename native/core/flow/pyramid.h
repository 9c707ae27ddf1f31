// The scales that flow is computed at, coarse to fine, and the image at each.
#pragma once

#include <cstddef>
#include <vector>

#include "flow/resample.h"

namespace infomotion::flow {

// One scale. Its image is made from the full-size one: blurred by a Gaussian of sigma = (1 / scale - 1) / 2, at least
// three taps wide ([1/4 1/2 1/4] at scale 1: the finest level is blurred too), then bilinearly resized.
struct Level {
  double scale = 1;
  int width = 0, height = 0;
  AxisFilter image_x, image_y;  // full-size image -> this level
  AxisFilter flow_x, flow_y;    // flow of the next coarser level -> this one (empty in the coarsest)

  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
};

// Level 0 is the full size; up to `extra` more follow, each pyr_scale times the one before, as long as both sides
// are at least 32 px.
std::vector<Level> make_levels(int width, int height, double pyr_scale, int extra);

}  // namespace infomotion::flow
