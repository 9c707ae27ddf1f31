// The plugin with its kernels on the host, as a library of its own: the whole way from Node through the loader, the
// table and the batches to the kernels is tested with it where there is no GPU. INFOMOTION_EMULATED asks for a fault:
//   version     another interface version        no-driver   no device to use
//   wrong       a flow that is off by 0.01 px    small       a device of 8 MiB
#include <cstdlib>

#include "emulator.h"

namespace infomotion::cuda {
namespace {

std::int32_t wrong_flow(const InfomotionFlowRequest* request, InfomotionMessage* message) {
  const std::int32_t result = emulated_plugin().flow(request, message);
  if (result == kInfomotionDone && request->clips[0].flow != nullptr) request->clips[0].flow[7] += 0.01f;
  return result;
}

}  // namespace
}  // namespace infomotion::cuda

extern "C" __attribute__((visibility("default"))) const InfomotionPlugin* infomotion_plugin(void) {
  using namespace infomotion::cuda;
  static InfomotionPlugin table = emulated_plugin();
  const char* given = std::getenv("INFOMOTION_EMULATED");
  const std::string fault = given != nullptr ? given : "";
  if (fault == "version") table.version = 999;
  if (fault == "no-driver") emulation().unavailable = "no NVIDIA driver is installed here";
  if (fault == "wrong") table.flow = wrong_flow;
  if (fault == "small") emulation().device_bytes = 8 << 20;
  return &table;
}
