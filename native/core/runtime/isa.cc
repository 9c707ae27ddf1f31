#include "runtime/isa.h"

#include <cstdlib>
#include <cstring>

namespace infomotion::runtime {
namespace {

std::vector<Isa> detect() {
  std::vector<Isa> isas = {Isa::kScalar};
#if defined(__x86_64__)
  __builtin_cpu_init();  // __builtin_cpu_supports asks the operating system too, whether it keeps the wide registers
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    isas.push_back(Isa::kAvx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      isas.push_back(Isa::kAvx512);
  }
#elif defined(__aarch64__)
  isas.push_back(Isa::kNeon);  // part of the architecture
#endif
  return isas;
}

}  // namespace

const std::vector<Isa>& available_isas() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa current_isa() {
  static const Isa isa = [] {
    if (const char* wanted = std::getenv("INFOMOTION_ISA"))
      for (const Isa candidate : available_isas())
        if (std::strcmp(wanted, isa_name(candidate)) == 0) return candidate;
    return available_isas().back();
  }();
  return isa;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kNeon: return "neon";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    default: return "scalar";
  }
}

}  // namespace infomotion::runtime
