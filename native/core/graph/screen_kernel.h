// The inner loops of the screen: all of it that is compiled for each instruction set. Their one text is screen.inc; a
// screen_*.cc file instantiates it for one set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "graph/screen.h"
#include "runtime/isa.h"

namespace infomotion::graph {

struct ScreenKernel {
  std::size_t rows, columns;  // of a tile

  // A tile's rows (`stride` apart) times a panel of as many packed columns as a tile has, over `depth` terms. Adds the
  // products to, or with `fresh` writes them into, `products` (kScreenBlock apart).
  void (*multiply)(const float* rows, std::size_t stride, const float* panel, std::size_t depth, bool fresh,
                   float* products);

  // Which of 32 products are above `bar` or above their column's bar: a bit a column.
  uint32_t (*above)(const float* products, float bar, const float* column_bars);
};

// `isa` is one of available_isas().
const ScreenKernel& screen_kernel(runtime::Isa isa);

}  // namespace infomotion::graph
