#include "flow/kernels.h"

namespace infomotion::flow {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels, kAvx512Kernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif

const Kernels& kernels(runtime::Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case runtime::Isa::kAvx2: return kAvx2Kernels;
    case runtime::Isa::kAvx512: return kAvx512Kernels;
#elif defined(__aarch64__)
    case runtime::Isa::kNeon: return kNeonKernels;
#endif
    default: return kScalarKernels;
  }
}

}  // namespace infomotion::flow
