#include "device/cuda.h"

#include <cstdlib>

#include "device/check.h"

#if defined(__linux__)
#include <dlfcn.h>
#include <unistd.h>
#endif

namespace infomotion::device {
namespace {

constexpr char kFile[] = "libinfomotion_cuda.so";
constexpr char kEntry[] = "infomotion_plugin";
constexpr int kMaxDevices = 16;

#if defined(__linux__)

// The folder of the binary that this code is in: the addon, or a program.
std::string own_folder() {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void*>(&cuda), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string path = info.dli_fname;
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Addons and programs are built, and packed, two folders below the package's.
std::string build_command(const std::string& folder) {
  const std::string root = folder + "../..";
  return "cmake -S " + root + "/native -B " + root +
         "/build/cuda -DCMAKE_BUILD_TYPE=Release -DINFOMOTION_CUDA=ON -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=" + folder +
         " && cmake --build " + root + "/build/cuda";
}

const InfomotionPlugin* load(const std::string& path, std::string* reason) {
  // Never closed: threads of the driver may run in it until the process ends.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    *reason = "the CUDA plugin does not load: " + std::string(why != nullptr ? why : path);
    return nullptr;
  }
  const auto entry = reinterpret_cast<InfomotionPluginEntry>(dlsym(library, kEntry));
  if (entry == nullptr) {
    *reason = path + " is no plugin of infomotion: it does not export " + kEntry;
    return nullptr;
  }
  const InfomotionPlugin* table = entry();
  if (table == nullptr || table->version != kInfomotionPluginVersion) {
    *reason = "the CUDA plugin " + path + " has interface version " +
              (table != nullptr ? std::to_string(table->version) : "0") + ", expected " +
              std::to_string(kInfomotionPluginVersion) + ": take the plugin of the same version as infomotion";
    return nullptr;
  }
  return table;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

#endif

Cuda open() {
  Cuda cuda;
  const char* given = std::getenv("INFOMOTION_CUDA");
  const std::string named = given != nullptr ? given : "";
  if (named == "0" || named == "off") {
    cuda.reason = "switched off by INFOMOTION_CUDA=" + named;
    return cuda;
  }
#if defined(__linux__)
  cuda.plugin = named.empty() ? own_folder() + kFile : named;
  if (named.empty() && !exists(cuda.plugin)) {
    cuda.reason =
        "no CUDA plugin: " + cuda.plugin + " is not there. To build it (nvcc 13): " + build_command(own_folder());
    return cuda;
  }
  const InfomotionPlugin* table = load(cuda.plugin, &cuda.reason);
  if (table == nullptr) return cuda;
  cuda.runtime = table->runtime;
  cuda.devices.resize(kMaxDevices);
  std::int32_t count = 0;
  InfomotionMessage message = {};
  const std::int32_t result = table->devices(cuda.devices.data(), kMaxDevices, &count, &message);
  cuda.devices.resize(result == kInfomotionDone ? static_cast<std::size_t>(count) : 0);
  cuda.reason = result == kInfomotionDone ? check(*table) : message.text;
  if (cuda.reason.empty()) cuda.table = table;
#else
  cuda.reason = "the CUDA plugin is for Linux only";
#endif
  return cuda;
}

}  // namespace

const Cuda& cuda() {
  static const Cuda* instance = new Cuda(open());  // leaked: see load()
  return *instance;
}

runtime::Status to_status(std::int32_t result, const InfomotionMessage& message) {
  switch (result) {
    case kInfomotionDone: return {};
    case kInfomotionCancelled: return runtime::Status::cancelled();
    case kInfomotionUnavailable: return runtime::Status::error("CUDA_UNAVAILABLE", message.text);
    case kInfomotionOutOfMemory: return runtime::Status::error("CUDA_OUT_OF_MEMORY", message.text);
    default: return runtime::Status::error("CUDA_FAILED", message.text);
  }
}

}  // namespace infomotion::device
