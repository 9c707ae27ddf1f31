// Work of the core as promises. A Task is filled on the JS thread, run on the pool, and turned into JS values on the
// JS thread again; nothing in run() may touch Node.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/buffer.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::node {

class Task {
 public:
  virtual ~Task() = default;
  virtual runtime::Status run(const runtime::Cancel& cancel) = 0;
  virtual Napi::Value result(Napi::Env env) = 0;

  // Values kept alive until the task is done (see Input). JS thread only.
  std::vector<Napi::ObjectReference> kept;
};

// Throws in JS what the TypeScript layer turns into an InfomotionError with this code.
Napi::Error to_error(Napi::Env env, const runtime::Status& status);

// Starts the task; returns { promise, cancel() } (lib/runtime/job.ts ties cancel to an AbortSignal).
// At the end of the environment (exit, or the end of a worker thread) its tasks are cancelled and those already
// running are waited for, which is short because every loop polls `cancel`.
Napi::Object start(Napi::Env env, std::unique_ptr<Task> task);

// An array that a task reads. An ordinary one is copied, since its owner could transfer or resize it in mid-job;
// one over a SharedArrayBuffer passes without a copy.
template <typename T>
class Input {
 public:
  Input() = default;
  Input(const Napi::TypedArrayOf<T>& array, Task* task) : size_(array.ElementLength()) {
    bool owned = true;
    napi_value buffer = nullptr;
    void* data = nullptr;
    if (napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, &data, &buffer, nullptr) == napi_ok)
      napi_is_arraybuffer(array.Env(), buffer, &owned);
    const T* values = static_cast<const T*>(data);
    if (owned) {
      if (size_ > 0) copy_.assign(values, values + size_);
    } else {
      borrowed_ = values;
      task->kept.push_back(Napi::Persistent(array.template As<Napi::Object>()));
    }
  }
  const T* data() const { return borrowed_ ? borrowed_ : copy_.data(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
  std::vector<T> copy_;
  const T* borrowed_ = nullptr;
};

// An array that a task reads where it lies: one that lib/ made itself, and that nobody transfers, resizes or changes
// meanwhile, as the bytes of a file. Copying gigabytes would hold up the event loop.
template <typename T>
class Borrowed {
 public:
  Borrowed(const Napi::TypedArrayOf<T>& array, Task* task) : size_(array.ElementLength()) {
    void* data = nullptr;
    napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, &data, nullptr, nullptr);
    values_ = static_cast<const T*>(data);
    task->kept.push_back(Napi::Persistent(array.template As<Napi::Object>()));
  }
  const T* data() const { return values_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  const T* values_ = nullptr;
};

// An array that a task fills where it lies, whole, made on the JS thread; JS sees it when the task is done. Its memory
// is as Node's unsafe buffers have it: clearing megabytes first would hold up the event loop, and the task's threads
// with it.
template <typename T>
class Output {
 public:
  Output() = default;
  Output(Napi::Env env, std::size_t size, Task* task) : at_(task->kept.size()) {
    Napi::TypedArrayOf<T> array;
    try {
      array = Napi::TypedArrayOf<T>::New(env, size, allocate(env, size * sizeof(T)), 0);
    } catch (const Napi::Error&) {
      throw to_error(env,
                     runtime::Status::error("OUT_OF_MEMORY", "Not enough memory for the result; use smaller batches."));
    }
    data_ = array.Data();
    runtime::prefer_huge_pages(data_, size * sizeof(T));
    task->kept.push_back(Napi::Persistent(array.template As<Napi::Object>()));
  }
  T* data() const { return data_; }
  Napi::Value value(const Task& task) const { return task.kept[at_].Value(); }

 private:
  static constexpr std::size_t kMaxUncleared = std::size_t{1} << 31;  // bytes; Node's buffers end at 4 GiB

  // Made as JavaScript does: what is refused is then an error to catch, where napi_create_arraybuffer ends the process.
  static Napi::ArrayBuffer allocate(Napi::Env env, std::size_t bytes) {
    const auto size = Napi::Number::New(env, static_cast<double>(bytes));
    if (bytes >= kMaxUncleared)
      return env.Global().Get("ArrayBuffer").As<Napi::Function>().New({size}).template As<Napi::ArrayBuffer>();
    const auto buffer = env.Global().Get("Buffer").As<Napi::Object>();
    const auto make = buffer.Get("allocUnsafeSlow").As<Napi::Function>();
    return make.Call(buffer, {size}).template As<Napi::Uint8Array>().ArrayBuffer();
  }

  std::size_t at_ = 0;
  T* data_ = nullptr;
};

// A new typed array with the vector's values.
template <typename T>
Napi::TypedArrayOf<T> to_array(Napi::Env env, const std::vector<T>& values) {
  auto array = Napi::TypedArrayOf<T>::New(env, values.size());
  if (!values.empty()) std::copy(values.begin(), values.end(), array.Data());
  return array;
}

// Called once for each environment by addon.cc.
void init_async(Napi::Env env);

}  // namespace infomotion::node
