#include "flow/kernels.h"
#include "flow/matrices.h"

#if defined(__x86_64__)
#define INFOMOTION_SIMD_AVX2
#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Headers of the system come first: their inline functions stay as every processor can run them.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define INFOMOTION_KERNELS kAvx2Kernels
#include "flow/kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
