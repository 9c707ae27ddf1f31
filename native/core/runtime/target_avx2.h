// What follows, up to runtime/target_end.h, is compiled for AVX2 and FMA: include it first, then the text of the
// kernels. Headers of the system come before it: their inline functions stay as every processor can run them.
#define INFOMOTION_SIMD_AVX2
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
