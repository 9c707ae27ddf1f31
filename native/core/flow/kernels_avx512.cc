#include "flow/kernels.h"
#include "flow/matrices.h"

#if defined(__x86_64__)
#define INFOMOTION_SIMD_AVX512
#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Headers of the system come first: their inline functions stay as every processor can run them.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
// GCC 12 takes its own header's "any value" operands for mistakes (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#endif
#define INFOMOTION_KERNELS kAvx512Kernels
#include "flow/kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
