#include "flow/kernels.h"
#include "flow/matrices.h"

#define INFOMOTION_KERNELS kScalarKernels
#include "flow/kernels.inc"
