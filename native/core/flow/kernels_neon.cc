#include "flow/kernels.h"
#include "flow/matrices.h"

#if defined(__aarch64__)
#define INFOMOTION_SIMD_NEON
#define INFOMOTION_KERNELS kNeonKernels
#include "flow/kernels.inc"
#endif
