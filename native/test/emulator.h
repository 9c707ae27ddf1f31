// Kernels of native/cuda on the host, to test them without a GPU: the blocks of a launch one by one, the threads of a
// phase one by one. What a GPU leaves open is chosen to hurt: blocks and threads run forwards or backwards, shared
// memory and new buffers hold NaN, every buffer is exactly as long as asked for (sanitizers watch its ends), and the
// work of a stream is done at once or as late as its events allow. A kernel that misses a barrier, reads what nobody
// wrote, or a batch that misses an event, gives another result for one of the orders.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../cuda/table.h"

namespace infomotion::cuda {

struct Emulation {
  bool backwards = false;  // the order of blocks and of threads
  // Copies in, launches, copies out: whether they wait until somebody waits for them.
  bool late_in = false, late_compute = false, late_out = false;
  std::uint64_t device_bytes = ~std::uint64_t{0};  // memory that the device has
  std::size_t workspace = 1 << 20;                 // small: batches fall into many chunks
  std::string unavailable;                         // why there is no device
};

inline Emulation& emulation() {
  static Emulation settings;
  return settings;
}

class HostBlock {
 public:
  HostBlock(int x, int y, int z, float* shared, int threads)
      : x_(x), y_(y), z_(z), shared_(shared), threads_(threads) {}

  int x() const { return x_; }
  int y() const { return y_; }
  int z() const { return z_; }
  float* shared() const { return shared_; }

  template <class Phase>
  void each(Phase phase) const {
    for (int i = 0; i < threads_; ++i) phase(emulation().backwards ? threads_ - 1 - i : i);
  }

  template <class T, int kThreads>
  struct PerThread {
    T values[kThreads];
    T& operator[](int thread) { return values[thread]; }
  };

 private:
  int x_, y_, z_;
  float* shared_;
  int threads_;
};

// The Runtime of cuda/flow_batch.h and table.h on the host.
class HostRuntime {
 public:
  static std::string unavailable() { return emulation().unavailable; }

  static std::size_t workspace() { return emulation().workspace; }
  void begin() {}

  template <class T>
  T* device(Buffer buffer, std::size_t count) {
    return static_cast<T*>(grow(device_[static_cast<int>(buffer)], count * sizeof(T), true));
  }
  template <class T>
  T* pinned(Buffer buffer, std::size_t count) {
    return static_cast<T*>(grow(pinned_[static_cast<int>(buffer)], count * sizeof(T), false));
  }
  bool reachable(const void*) const { return false; }

  void upload(void* to, const void* from, std::size_t bytes) {
    for (const auto& memory : pinned_)
      if (memory.contains(from)) return enqueue(in_, [=] { std::memcpy(to, from, bytes); });
    std::memcpy(to, from, bytes);  // pageable memory is read before the call returns
  }
  void uploaded() { follow(in_, compute_); }

  template <class Kernel>
  void launch(const Kernel& kernel, Grid grid) {
    ++launches_;
    enqueue(compute_, [kernel, grid] {
      std::vector<Line> shared(kernel.shared_floats() / 4 + 1);
      const int blocks = grid.x * grid.y * grid.z;
      for (int i = 0; i < blocks; ++i) {
        const int b = emulation().backwards ? blocks - 1 - i : i;
        std::memset(shared.data(), 0xff, shared.size() * sizeof(shared[0]));
        HostBlock block(b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y, shared[0].values, Kernel::kThreads);
        kernel(block);
      }
    });
  }

  void computed() { follow(compute_, out_); }
  void download(void* to, const void* from, std::size_t bytes) {
    bool page_locked = false;
    for (const auto& memory : pinned_) page_locked |= memory.contains(to);
    enqueue(out_, [=] { std::memcpy(to, from, bytes); });
    if (!page_locked) run(out_, out_.added);  // pageable memory is written before the call returns
  }
  void mark(int turn) { marks_[turn] = out_.added; }
  void wait(int turn) { run(out_, marks_[turn]); }
  void finish() {
    for (Stream* stream : {&in_, &compute_, &out_}) run(*stream, stream->added);
  }

  bool failed() const { return result_ != kInfomotionDone; }
  std::int32_t result() const { return result_; }
  const std::string& text() const { return text_; }
  int blocks() const { return 6; }

  std::uint64_t launches() const { return launches_; }
  void start_timer() {}
  double stop_timer() {
    finish();
    return 1;
  }
  double copy_bandwidth() { return 1; }

 private:
  struct alignas(16) Line {
    float values[4];
  };
  struct Memory {
    std::unique_ptr<unsigned char[]> data;
    std::size_t bytes = 0;
    bool contains(const void* place) const {
      const auto* p = static_cast<const unsigned char*>(place);
      return data && p >= data.get() && p < data.get() + bytes;
    }
  };
  // Work in order; some of it may be done already.
  struct Stream {
    std::vector<std::function<void()>> work;
    std::size_t added = 0, done = 0;
  };

  void enqueue(Stream& stream, std::function<void()> work) {
    stream.work.push_back(std::move(work));
    ++stream.added;
    const bool late = &stream == &in_        ? emulation().late_in
                      : &stream == &compute_ ? emulation().late_compute
                                             : emulation().late_out;
    if (!late) run(stream, stream.added);
  }
  // An event recorded in one stream and awaited in another.
  void follow(Stream& from, Stream& to) {
    enqueue(to, [this, &from, until = from.added] { run(from, until); });
  }
  void run(Stream& stream, std::size_t until) {
    while (stream.done < until) {
      const std::size_t next = stream.done++;
      const auto work = std::move(stream.work[next]);
      work();
    }
  }

  void* grow(Memory& memory, std::size_t bytes, bool on_device) {
    if (failed()) return nullptr;
    if (bytes > memory.bytes || !memory.data) {
      if (on_device && (used_ += bytes - memory.bytes) > emulation().device_bytes) {
        result_ = kInfomotionOutOfMemory;
        text_ = std::to_string(bytes) + " bytes of device memory";
        return nullptr;
      }
      finish();
      memory.data.reset(new unsigned char[bytes]);
      memory.bytes = bytes;
      std::memset(memory.data.get(), 0xff, bytes);  // NaN
    }
    return memory.data.get();
  }

  Memory device_[static_cast<int>(Buffer::kCount)], pinned_[static_cast<int>(Buffer::kCount)];
  Stream in_, compute_, out_;
  std::size_t marks_[2] = {};
  std::uint64_t launches_ = 0, used_ = 0;
  std::int32_t result_ = kInfomotionDone;
  std::string text_;
};

inline const InfomotionPlugin& emulated_plugin() {
  static const auto devices = [](InfomotionDevice* devices, std::int32_t, std::int32_t* count,
                                 InfomotionMessage* message) {
    if (!emulation().unavailable.empty()) return say(message, kInfomotionUnavailable, emulation().unavailable);
    *count = 1;
    devices[0] = {"emulated", 9, 0, 3, std::uint64_t{1} << 30};
    return std::int32_t{kInfomotionDone};
  };
  static const InfomotionPlugin table = {
      kInfomotionPluginVersion, "emulated", devices, compute_flow<HostRuntime>, find_neighbours<HostRuntime>,
      measure_flow<HostRuntime>};
  return table;
}

}  // namespace infomotion::cuda
