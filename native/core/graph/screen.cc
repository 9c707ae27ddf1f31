#include "graph/screen.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace infomotion::graph {

// A kernel takes `rows` rows (`stride` apart) times a panel of `columns` packed columns, over `depth` terms, and adds
// the products to, or with `fresh` writes them into, `products` (kScreenBlock apart).
struct ScreenKernel {
  std::size_t rows, columns;
  void (*multiply)(const float* a, std::size_t stride, const float* panel, std::size_t depth, bool fresh,
                   float* products);
  uint32_t (*above)(const float* products, float bar, const float* column_bars);  // 32 columns
};

namespace {

// Eight columns as two vectors of four: what SSE2 and NEON have registers for.
void multiply_portable(const float* a, std::size_t stride, const float* panel, std::size_t depth, bool fresh,
                       float* products) {
  typedef float Four __attribute__((vector_size(16)));
  Four sum[4][2] = {};
  for (std::size_t d = 0; d < depth; ++d, panel += 8) {
    Four left, right;
    __builtin_memcpy(&left, panel, sizeof left);
    __builtin_memcpy(&right, panel + 4, sizeof right);
    for (int r = 0; r < 4; ++r) {
      const float x = a[r * stride + d];
      sum[r][0] += left * x;
      sum[r][1] += right * x;
    }
  }
  for (int r = 0; r < 4; ++r)
    for (int c = 0; c < 8; ++c) {
      float& product = products[r * kScreenBlock + c];
      product = (fresh ? 0 : product) + sum[r][c / 4][c % 4];
    }
}

uint32_t above_portable(const float* products, float bar, const float* column_bars) {
  uint32_t bits = 0;
  for (int c = 0; c < 32; ++c)
    bits |= static_cast<uint32_t>((products[c] > bar) | (products[c] > column_bars[c])) << c;
  return bits;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void multiply_avx2(const float* a, std::size_t stride, const float* panel,
                                                       std::size_t depth, bool fresh, float* products) {
  __m256 sum[6][2];
  for (auto& row : sum) row[0] = row[1] = _mm256_setzero_ps();
  for (std::size_t d = 0; d < depth; ++d, panel += 16) {
    const __m256 left = _mm256_loadu_ps(panel), right = _mm256_loadu_ps(panel + 8);
#pragma GCC unroll 6
    for (int r = 0; r < 6; ++r) {
      const __m256 x = _mm256_broadcast_ss(a + r * stride + d);
      sum[r][0] = _mm256_fmadd_ps(x, left, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(x, right, sum[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < 6; ++r)
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      float* out = products + r * kScreenBlock + 8 * half;
      _mm256_storeu_ps(out, fresh ? sum[r][half] : _mm256_add_ps(_mm256_loadu_ps(out), sum[r][half]));
    }
}

__attribute__((target("avx2"))) uint32_t above_avx2(const float* products, float bar, const float* column_bars) {
  uint32_t bits = 0;
  for (int c = 0; c < 32; c += 8) {
    const __m256 row = _mm256_loadu_ps(products + c);
    const __m256 above = _mm256_or_ps(_mm256_cmp_ps(row, _mm256_set1_ps(bar), _CMP_GT_OQ),
                                      _mm256_cmp_ps(row, _mm256_loadu_ps(column_bars + c), _CMP_GT_OQ));
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(above)) << c;
  }
  return bits;
}

__attribute__((target("avx512f"))) void multiply_avx512(const float* a, std::size_t stride, const float* panel,
                                                        std::size_t depth, bool fresh, float* products) {
  __m512 sum[12][2];
  for (auto& row : sum) row[0] = row[1] = _mm512_setzero_ps();
  for (std::size_t d = 0; d < depth; ++d, panel += 32) {
    const __m512 left = _mm512_loadu_ps(panel), right = _mm512_loadu_ps(panel + 16);
#pragma GCC unroll 12
    for (int r = 0; r < 12; ++r) {
      const __m512 x = _mm512_set1_ps(a[r * stride + d]);
      sum[r][0] = _mm512_fmadd_ps(x, left, sum[r][0]);
      sum[r][1] = _mm512_fmadd_ps(x, right, sum[r][1]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < 12; ++r)
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      float* out = products + r * kScreenBlock + 16 * half;
      _mm512_storeu_ps(out, fresh ? sum[r][half] : _mm512_add_ps(_mm512_loadu_ps(out), sum[r][half]));
    }
}

__attribute__((target("avx512f"))) uint32_t above_avx512(const float* products, float bar, const float* column_bars) {
  uint32_t bits = 0;
  for (int c = 0; c < 32; c += 16) {
    const __m512 row = _mm512_loadu_ps(products + c);
    const __mmask16 above = _mm512_cmp_ps_mask(row, _mm512_set1_ps(bar), _CMP_GT_OQ) |
                            _mm512_cmp_ps_mask(row, _mm512_loadu_ps(column_bars + c), _CMP_GT_OQ);
    bits |= static_cast<uint32_t>(above) << c;
  }
  return bits;
}
#endif

constexpr ScreenKernel kPortable = {4, 8, multiply_portable, above_portable};
#if defined(__x86_64__)
constexpr ScreenKernel kAvx2 = {6, 16, multiply_avx2, above_avx2};
constexpr ScreenKernel kAvx512 = {12, 32, multiply_avx512, above_avx512};
#endif

const ScreenKernel& kernel_of([[maybe_unused]] runtime::Isa isa) {
#if defined(__x86_64__)
  if (isa == runtime::Isa::kAvx512) return kAvx512;
  if (isa == runtime::Isa::kAvx2) return kAvx2;
#endif
  return kPortable;
}

}  // namespace

ScreenColumns::ScreenColumns(std::size_t dim, runtime::Isa isa) : kernel_(kernel_of(isa)), packed_(runtime::Buffer::raw(dim * kScreenBlock)) {}

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
        kernel_.multiply(rows.row(first + r) + begin, stride, panel, depth, begin == 0, products + r * kScreenBlock + c);
  }
}

}  // namespace infomotion::graph
