#include "graph/screen_kernel.h"

#if defined(__x86_64__)
#include "runtime/target_avx2.h"
#define INFOMOTION_SCREEN_KERNEL kAvx2Screen
#include "graph/screen.inc"
#include "runtime/target_end.h"
#endif
