// The GPU, through the CUDA plugin: a shared library that is looked for and loaded at run time, so that nothing here
// needs CUDA to be built or to run. Where it cannot be used there is a reason, in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device/plugin_interface.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::device {

struct Cuda {
  std::string reason;  // why not; empty: it can be used
  std::string plugin;  // path of the file that was loaded or tried; empty: none was looked for
  std::string runtime; // what the plugin says of itself; empty where it was not loaded
  std::vector<InfomotionDevice> devices;
  const InfomotionPlugin* table = nullptr;  // null where there is a reason

  bool usable() const { return reason.empty(); }
};

// Loads the plugin on the first call, once a process: INFOMOTION_CUDA = its path, or 0 or off for none; else
// libinfomotion_cuda.so beside this binary. A device is used only if it passes a check: the flow of a small pair, its
// cells and a few neighbours must be those of the CPU. Takes up to a few seconds where there is a GPU. Any thread.
const Cuda& cuda();

// Where work is to be done.
enum class Choice { kAuto, kCpu, kCuda };

// Whether to use the GPU: not with kCpu; with kCuda always, or fails with CUDA_UNAVAILABLE and the reason; with kAuto
// where it can be used.
Status use_cuda(Choice choice, bool* use);

// What a function of the table came to.
Status to_status(int32_t result, const InfomotionMessage& message);

inline InfomotionCancel to_plugin(const Cancel& cancel) {
  return {[](const void* context) { return static_cast<const Cancel*>(context)->requested() ? 1 : 0; }, &cancel};
}

}  // namespace infomotion::device
