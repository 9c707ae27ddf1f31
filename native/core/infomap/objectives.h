// The objectives that the search is compiled for.
#pragma once

#include "infomap/counted.h"
#include "infomap/link_rates.h"
#include "infomap/map_equation.h"
#include "infomap/objective.h"
#include "infomap/recorded_rates.h"

namespace infomotion::infomap {

using UndirectedMapEquation = MapEquation<LinkRates<true>>;
using DirectedMapEquation = MapEquation<LinkRates<false>>;
using RecordedMapEquation = MapEquation<RecordedRates>;

// Applies a macro to each of them.
#define INFOMOTION_FOR_OBJECTIVES(X) \
  X(UndirectedMapEquation)           \
  X(DirectedMapEquation)             \
  X(RecordedMapEquation)             \
  X(Counted<UndirectedMapEquation>)  \
  X(Counted<DirectedMapEquation>)    \
  X(Counted<RecordedMapEquation>)

#define INFOMOTION_MEETS_CONTRACT(Objective) \
  static_assert(is_map_equation_v<Objective>, #Objective " lacks what objective.h asks of an objective");
INFOMOTION_FOR_OBJECTIVES(INFOMOTION_MEETS_CONTRACT)
#undef INFOMOTION_MEETS_CONTRACT

}  // namespace infomotion::infomap
