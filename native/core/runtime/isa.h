// Which instruction set the vectorised kernels use: the widest that this processor has, or the one that the
// environment variable INFOMOTION_ISA names (scalar, avx2, avx512, neon), where the processor has that.
#pragma once

#include <vector>

namespace infomotion::runtime {

// kScalar is portable C++, for which the compiler uses what every processor of the platform has.
enum class Isa { kScalar, kNeon, kAvx2, kAvx512 };

// Those that this processor has, narrowest first.
const std::vector<Isa>& available_isas();

// The one in use in this process.
Isa current_isa();

const char* isa_name(Isa isa);  // as INFOMOTION_ISA names it

}  // namespace infomotion::runtime
