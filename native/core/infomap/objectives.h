// The objectives that the search is compiled for.
#pragma once

#include "infomap/counted.h"
#include "infomap/map_equation.h"
#include "infomap/recorded_map_equation.h"

// Applies a macro to each of them.
#define INFOMOTION_FOR_OBJECTIVES(X) \
  X(MapEquation<true>)               \
  X(MapEquation<false>)              \
  X(RecordedMapEquation)             \
  X(Counted<MapEquation<true>>)      \
  X(Counted<MapEquation<false>>)     \
  X(Counted<RecordedMapEquation>)
