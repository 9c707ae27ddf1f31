// What follows, up to runtime/target_end.h, is compiled for AVX-512 (F, BW, DQ, VL): include it first, then the text of
// the kernels. Headers of the system come before it: their inline functions stay as every processor can run them.
#define INFOMOTION_SIMD_AVX512
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), \
                             apply_to = function)
#else
// GCC 12 takes its own header's "any value" operands for mistakes (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#endif
