// Exact nearest neighbours with the search on a device.
#pragma once

#include <cstddef>

#include "device/cuda.h"
#include "graph/knn.h"

namespace infomotion::device {

// The very result of infomotion::nearest_neighbours. The device finds more candidates than k, in floats; their
// similarities are taken again in double, and where rounding could have kept a neighbour off a row's list, all of that
// row's are.
runtime::Status nearest_neighbours(const InfomotionPlugin& table, const graph::Matrix& matrix, std::size_t k,
                                   const runtime::Cancel& cancel, graph::Neighbours& result, graph::Metric metric);

// As chosen. kAuto leaves what the CPU does in some milliseconds to it.
runtime::Status nearest_neighbours(Choice choice, const graph::Matrix& matrix, std::size_t k,
                                   const runtime::Cancel& cancel, graph::Neighbours& result, graph::Metric metric,
                                   Used* used);

}  // namespace infomotion::device
