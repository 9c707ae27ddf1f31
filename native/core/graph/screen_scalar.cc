#include "graph/screen_kernel.h"

#define INFOMOTION_SCREEN_KERNEL kScalarScreen
#include "graph/screen.inc"
