#include "graph/screen_kernel.h"

#if defined(__aarch64__)
#define INFOMOTION_SIMD_NEON
#define INFOMOTION_SCREEN_KERNEL kNeonScreen
#include "graph/screen.inc"
#endif
