// The CUDA plugin: kernels and batches on a GPU, behind the table of core/device/plugin_interface.h.
#include <cuda_runtime.h>

#include <string>

#include "table.h"

namespace infomotion::cuda {
namespace {

constexpr int kMinMajor = 8;  // compute capability that code is made for (CMakeLists.txt)

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Calls are made from any thread, on the first visible device. A Runtime is used by one call at a time.
class GpuRuntime {
 public:
  static std::string unavailable() {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorInsufficientDriver) {
      int driver = 0;
      cudaDriverGetVersion(&driver);
      return driver == 0 ? "no NVIDIA driver is installed here"
                         : "the NVIDIA driver is for CUDA " + version_text(driver) + ", the plugin needs " +
                               version_text(CUDART_VERSION);
    }
    if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) return "there is no CUDA device here";
    if (error != cudaSuccess) return std::string("CUDA does not start: ") + cudaGetErrorString(error);
    int major = 0;
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) != cudaSuccess || major < kMinMajor)
      return "the CUDA device has compute capability " + std::to_string(major) + ".x, the plugin needs " +
             std::to_string(kMinMajor) + ".0 or higher";
    return {};
  }

  // Frames enough to fill a large GPU several times over, and so few that much of what one launch writes is still in
  // its cache for the next.
  static std::size_t workspace() { return std::size_t{128} << 20; }

  GpuRuntime() {
    check(cudaSetDevice(0), "the device");
    for (cudaStream_t* stream : {&in_, &compute_, &out_})
      check(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "a stream");
    for (cudaEvent_t* event : {&uploaded_, &computed_, &marks_[0], &marks_[1]})
      check(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "an event");
    for (cudaEvent_t* event : {&started_, &stopped_}) check(cudaEventCreate(event), "an event");
    check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, 0), "the device");
  }

  ~GpuRuntime() {
    cudaSetDevice(0);
    for (const Memory& memory : device_) cudaFree(memory.data);
    for (const Memory& memory : pinned_) cudaFreeHost(memory.data);
    for (const cudaEvent_t event : {uploaded_, computed_, marks_[0], marks_[1], started_, stopped_})
      if (event != nullptr) cudaEventDestroy(event);
    for (const cudaStream_t stream : {in_, compute_, out_})
      if (stream != nullptr) cudaStreamDestroy(stream);
    cudaGetLastError();
  }

  void begin() { check(cudaSetDevice(0), "the device"); }

  template <class T>
  T* device(Buffer buffer, std::size_t count) {
    return static_cast<T*>(grow(device_[static_cast<int>(buffer)], count * sizeof(T), false));
  }

  template <class T>
  T* pinned(Buffer buffer, std::size_t count) {
    return static_cast<T*>(grow(pinned_[static_cast<int>(buffer)], count * sizeof(T), true));
  }

  bool reachable(const void* host) const {
    cudaPointerAttributes attributes = {};
    if (cudaPointerGetAttributes(&attributes, host) != cudaSuccess) {
      cudaGetLastError();
      return false;
    }
    return attributes.type == cudaMemoryTypeHost || attributes.type == cudaMemoryTypeManaged;
  }

  void upload(void* to, const void* from, std::size_t bytes) {
    if (!failed()) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, in_), "a copy to the device");
  }
  void uploaded() { follow(in_, uploaded_, compute_); }

  template <class Kernel>
  void launch(const Kernel& kernel, Grid grid) {
    if (failed()) return;
    const std::size_t shared = kernel.shared_floats() * sizeof(float);
    if (shared > 48 * 1024)
      check(cudaFuncSetAttribute(run<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared)),
            "shared memory");
    run<Kernel><<<dim3(grid.x, grid.y, grid.z), Kernel::kThreads, shared, compute_>>>(kernel);
    check(cudaGetLastError(), "a launch");
    ++launches_;
  }

  void computed() { follow(compute_, computed_, out_); }
  void download(void* to, const void* from, std::size_t bytes) {
    if (!failed()) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, out_), "a copy from the device");
  }
  void mark(int turn) {
    if (!failed()) check(cudaEventRecord(marks_[turn], out_), "an event");
  }
  void wait(int turn) {
    if (!failed()) check(cudaEventSynchronize(marks_[turn]), "the computation");
  }
  void finish() {
    for (const cudaStream_t stream : {in_, compute_, out_})
      if (stream != nullptr) check(cudaStreamSynchronize(stream), "the computation");
  }

  bool failed() const { return result_ != kInfomotionDone; }
  std::int32_t result() const { return result_; }
  const std::string& text() const { return text_; }
  int blocks() const { return 2 * multiprocessors_; }

  std::uint64_t launches() const { return launches_; }
  void start_timer() { check(cudaEventRecord(started_, compute_), "an event"); }
  double stop_timer() {
    float milliseconds = 0;
    check(cudaEventRecord(stopped_, compute_), "an event");
    check(cudaEventSynchronize(stopped_), "the computation");
    if (!failed()) check(cudaEventElapsedTime(&milliseconds, started_, stopped_), "an event");
    return milliseconds / 1e3;
  }

  // Of a copy larger than any cache, the fastest of a few.
  double copy_bandwidth() {
    constexpr std::size_t kBytes = std::size_t{1} << 30;
    char* from = device<char>(Buffer::kLists, kBytes);
    char* to = device<char>(Buffer::kListScores, kBytes);
    double best = 0;
    for (int i = 0; i < 5 && !failed(); ++i) {
      start_timer();
      check(cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice, compute_), "a copy");
      const double seconds = stop_timer();
      if (seconds > 0) best = std::max(best, 2.0 * kBytes / seconds);
    }
    return best;
  }

 private:
  struct Memory {
    void* data = nullptr;
    std::size_t bytes = 0;
  };

  // `to` goes on when all that is in `from` now is done.
  void follow(cudaStream_t from, cudaEvent_t event, cudaStream_t to) {
    if (failed()) return;
    check(cudaEventRecord(event, from), "an event");
    check(cudaStreamWaitEvent(to, event, 0), "an event");
  }

  void* grow(Memory& memory, std::size_t bytes, bool pinned) {
    if (failed()) return nullptr;
    if (bytes > memory.bytes || memory.data == nullptr) {
      check(pinned ? cudaFreeHost(memory.data) : cudaFree(memory.data), "memory");
      memory = {};
      const std::size_t size = std::max<std::size_t>(bytes, 256);
      check(pinned ? cudaMallocHost(&memory.data, size) : cudaMalloc(&memory.data, size),
            (std::to_string(size >> 20) + (pinned ? " MiB of page-locked host memory" : " MiB of device memory"))
                .c_str());
      if (!failed()) memory.bytes = size;
    }
    return failed() ? nullptr : memory.data;
  }

  void check(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return;
    cudaGetLastError();  // it is remembered here
    if (failed()) return;
    result_ = error == cudaErrorMemoryAllocation ? kInfomotionOutOfMemory : kInfomotionFailed;
    text_ = std::string("the GPU failed at ") + what + ": " + cudaGetErrorString(error);
  }

  cudaStream_t in_ = nullptr, compute_ = nullptr, out_ = nullptr;
  cudaEvent_t uploaded_ = nullptr, computed_ = nullptr, marks_[2] = {}, started_ = nullptr, stopped_ = nullptr;
  Memory device_[static_cast<int>(Buffer::kCount)], pinned_[static_cast<int>(Buffer::kCount)];
  int multiprocessors_ = 1;
  std::uint64_t launches_ = 0;
  std::int32_t result_ = kInfomotionDone;
  std::string text_;
};

std::int32_t list_devices(InfomotionDevice* devices, std::int32_t capacity, std::int32_t* count,
                          InfomotionMessage* message) {
  *count = 0;
  const std::string reason = GpuRuntime::unavailable();
  if (!reason.empty()) return say(message, kInfomotionUnavailable, reason);
  int present = 0;
  cudaGetDeviceCount(&present);
  for (int i = 0; i < present && i < capacity; ++i) {
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, i);
    if (error != cudaSuccess) return say(message, kInfomotionFailed, cudaGetErrorString(error));
    InfomotionDevice& device = devices[(*count)++];
    std::snprintf(device.name, sizeof(device.name), "%s", properties.name);
    device.major = properties.major;
    device.minor = properties.minor;
    device.multiprocessors = properties.multiProcessorCount;
    device.memory = properties.totalGlobalMem;
  }
  return kInfomotionDone;
}

const std::string& runtime_text() {
  static const std::string* text = new std::string("CUDA " + version_text(CUDART_VERSION));
  return *text;
}

}  // namespace
}  // namespace infomotion::cuda

extern "C" __attribute__((visibility("default"))) const InfomotionPlugin* infomotion_plugin(void) {
  using namespace infomotion::cuda;
  static const InfomotionPlugin table = {
      kInfomotionPluginVersion, runtime_text().c_str(),      list_devices,
      compute_flow<GpuRuntime>, find_neighbours<GpuRuntime>, measure_flow<GpuRuntime>};
  return &table;
}
