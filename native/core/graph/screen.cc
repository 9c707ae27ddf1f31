#include "graph/screen.h"

#include <algorithm>

#include "graph/screen_kernel.h"

namespace infomotion::graph {

extern const ScreenKernel kScalarScreen;
#if defined(__x86_64__)
extern const ScreenKernel kAvx2Screen, kAvx512Screen;
#elif defined(__aarch64__)
extern const ScreenKernel kNeonScreen;
#endif

const ScreenKernel& screen_kernel(runtime::Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case runtime::Isa::kAvx2: return kAvx2Screen;
    case runtime::Isa::kAvx512: return kAvx512Screen;
#elif defined(__aarch64__)
    case runtime::Isa::kNeon: return kNeonScreen;
#endif
    default: return kScalarScreen;
  }
}

ScreenColumns::ScreenColumns(std::size_t dim, runtime::Isa isa)
    : kernel_(screen_kernel(isa)), packed_(runtime::Buffer::raw(dim * kScreenBlock)) {}

void ScreenColumns::above(const float* products, float bar, const float* column_bars,
                          uint32_t (&bits)[kScreenBlock / 32]) const {
  for (std::size_t word = 0; word < kScreenBlock / 32; ++word)
    bits[word] = kernel_.above(products + 32 * word, bar, column_bars + 32 * word);
}

// Order: depth block, panel of columns, term, column of the panel.
void ScreenColumns::pack(const ScreenRows& rows, std::size_t first) {
  const std::size_t columns = kernel_.columns, dim = rows.dim();
  float* out = packed_.data();
  for (std::size_t begin = 0; begin < dim; begin += kScreenDepth) {
    const std::size_t end = std::min(begin + kScreenDepth, dim);
    for (std::size_t panel = 0; panel < kScreenBlock; panel += columns, out += (end - begin) * columns)
      for (std::size_t c = 0; c < columns; ++c) {
        const float* row = rows.row(first + panel + c);
        for (std::size_t d = begin; d < end; ++d) out[(d - begin) * columns + c] = row[d];
      }
  }
}

void ScreenColumns::multiply(const ScreenRows& rows, std::size_t first, float* products) const {
  const std::size_t dim = rows.dim(), stride = rows.stride();
  const float* panel = packed_.data();
  for (std::size_t begin = 0; begin < dim; begin += kScreenDepth) {
    const std::size_t depth = std::min(kScreenDepth, dim - begin);
    for (std::size_t c = 0; c < kScreenBlock; c += kernel_.columns, panel += depth * kernel_.columns)
      for (std::size_t r = 0; r < kScreenBlock; r += kernel_.rows)
        kernel_.multiply(rows.row(first + r) + begin, stride, panel, depth, begin == 0,
                         products + r * kScreenBlock + c);
  }
}

}  // namespace infomotion::graph
