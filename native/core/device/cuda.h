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
  std::string reason;   // why not; empty: it can be used
  std::string plugin;   // path of the file that was loaded or tried; empty: none was looked for
  std::string runtime;  // what the plugin says of itself; empty where it was not loaded
  std::vector<InfomotionDevice> devices;
  const InfomotionPlugin* table = nullptr;  // null where there is a reason

  bool usable() const { return reason.empty(); }
};

// Loads the plugin on the first call, once a process: INFOMOTION_CUDA = its path, or 0 or off for none; else
// libinfomotion_cuda.so beside this binary. A device is used only if it passes a check: the flow of a small pair, its
// cells and a few neighbours must be those of the CPU. Takes up to a few seconds where there is a GPU. Any thread.
const Cuda& cuda();

// Where work is to be done: on a GPU if there is one, else on the CPU; on the CPU; on a GPU.
enum class Choice { kAuto, kCpu, kCuda };

// Where it was done.
struct Used {
  bool cuda = false;
  std::string reason;  // with kAuto on the CPU: why not on a GPU
};

// What a function of the table came to: CUDA_UNAVAILABLE, CUDA_OUT_OF_MEMORY, CUDA_FAILED or ABORTED.
runtime::Status to_status(int32_t result, const InfomotionMessage& message);

// Does work on_cuda(table) or on_cpu(), both of which give a Status. kCuda is the GPU or an error; kAuto goes over to
// the CPU where there is no GPU or it fails.
template <class OnCuda, class OnCpu>
runtime::Status compute(Choice choice, Used* used, const OnCuda& on_cuda, const OnCpu& on_cpu) {
  if (choice != Choice::kCpu) {
    const Cuda& gpu = cuda();
    used->cuda = gpu.usable();
    const runtime::Status status =
        used->cuda
            ? on_cuda(*gpu.table)
            : runtime::Status::error("CUDA_UNAVAILABLE",
                                     "Expected a GPU for device 'cuda', but none can be used: " + gpu.reason + ".");
    const bool of_the_gpu = status.code.rfind("CUDA_", 0) == 0;
    if (choice == Choice::kCuda || !of_the_gpu) return status;
    *used = {false, gpu.usable() ? status.message : gpu.reason};
  }
  return on_cpu();
}

inline InfomotionCancel to_plugin(const runtime::Cancel& cancel) {
  return {[](const void* context) { return static_cast<const runtime::Cancel*>(context)->requested() ? 1 : 0; },
          &cancel};
}

}  // namespace infomotion::device
