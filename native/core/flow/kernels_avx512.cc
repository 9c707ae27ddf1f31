#include "flow/kernels.h"
#include "flow/matrices.h"

#if defined(__x86_64__)
#include "runtime/target_avx512.h"
#define INFOMOTION_KERNELS kAvx512Kernels
#include "flow/kernels.inc"
#include "runtime/target_end.h"
#endif
