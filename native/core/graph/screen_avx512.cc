#include "graph/screen_kernel.h"

#if defined(__x86_64__)
#include "runtime/target_avx512.h"
#define INFOMOTION_SCREEN_KERNEL kAvx512Screen
#include "graph/screen.inc"
#include "runtime/target_end.h"
#endif
