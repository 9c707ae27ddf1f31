#include "async.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <condition_variable>
#include <exception>
#include <mutex>
#include <unordered_map>

#include "runtime/thread_pool.h"

namespace infomotion::node {
namespace {

// One started task. Shared by the JS thread (pending) and the pool (running, finished).
struct Work {
  uint64_t id = 0;
  std::unique_ptr<Task> task;
  runtime::Cancel cancel;
  runtime::Status status;
};

// What the pool threads may touch of an environment, and may outlive it.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable idle;
  std::vector<std::shared_ptr<Work>> finished;
  std::size_t running = 0;
  bool closed = false;
  napi_threadsafe_function wake = nullptr;  // one for the environment; valid while !closed
};

// The state of one environment (the main thread or a worker thread); no static N-API handle anywhere.
struct Environment {
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::unordered_map<uint64_t, std::pair<Napi::Promise::Deferred, std::shared_ptr<Work>>> pending;
  uint64_t last_id = 0;
};

void run_on_pool(const std::shared_ptr<Mailbox>& mailbox, const std::shared_ptr<Work>& work) {
  {
    std::lock_guard<std::mutex> lock(mailbox->mutex);
    if (mailbox->closed) return;
    ++mailbox->running;
  }
  if (work->cancel.requested()) {
    work->status = runtime::Status::cancelled();
  } else {
    // The core does not throw, but the standard library under it may be out of memory.
    try {
      work->status = work->task->run(work->cancel);
    } catch (const std::bad_alloc&) {
      work->status =
          runtime::Status::error("OUT_OF_MEMORY", "Not enough memory for this operation; use smaller batches.");
    } catch (const std::exception& e) {
      work->status = runtime::Status::error("INTERNAL", e.what());
    }
  }
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  --mailbox->running;
  if (mailbox->closed) {
    mailbox->idle.notify_all();
    return;
  }
  mailbox->finished.push_back(work);
  napi_call_threadsafe_function(mailbox->wake, nullptr, napi_tsfn_nonblocking);
}

// Settles the promises of what has finished. Throws where the environment is going down meanwhile.
void settle_all(Napi::Env env, Environment* environment) {
  std::vector<std::shared_ptr<Work>> finished;
  {
    std::lock_guard<std::mutex> lock(environment->mailbox->mutex);
    finished.swap(environment->mailbox->finished);
  }
  for (const auto& work : finished) {
    auto entry = environment->pending.find(work->id);
    if (entry == environment->pending.end()) continue;
    Napi::Promise::Deferred deferred = entry->second.first;
    environment->pending.erase(entry);
    if (environment->pending.empty()) napi_unref_threadsafe_function(env, environment->mailbox->wake);
    // Its references to JS values must go on this thread, in any case: a pool thread may hold `work` for longer.
    const std::unique_ptr<Task> task = std::move(work->task);
    if (!work->status.ok()) {
      deferred.Reject(to_error(env, work->status).Value());
      continue;
    }
    try {
      deferred.Resolve(task->result(env));
    } catch (const Napi::Error& error) {
      deferred.Reject(error.Value());
    }
  }
}

// On the JS thread, woken through the thread-safe function. No exception may leave it: Node is written in C++ without.
void settle(napi_env raw, napi_value, void* context, void*) {
  if (raw == nullptr) return;  // the environment is going down
  try {
    settle_all(raw, static_cast<Environment*>(context));
  } catch (const std::exception&) {
    // It has begun to go down (worker.terminate(), process.exit()): nobody hears of these promises any more, and
    // close() sees to what is left.
  }
}

// Before the environment goes: no more deliveries, and no thread left inside memory that it owns.
void close(void* data) {
  auto* environment = static_cast<Environment*>(data);
  for (auto& [id, entry] : environment->pending) entry.second->cancel.request();
  std::unique_lock<std::mutex> lock(environment->mailbox->mutex);
  environment->mailbox->closed = true;
  environment->mailbox->idle.wait(lock, [&] { return environment->mailbox->running == 0; });
  lock.unlock();
  for (auto& [id, entry] : environment->pending) entry.second->task->kept.clear();
}

// Node unloads an addon with the last environment that uses it, which may be a worker thread. Threads of the pool are
// asleep in our code, or about to be: it must stay.
void stay_loaded() {
#ifdef _WIN32
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&stay_loaded), &self);
#else
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &self) != 0)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
}

}  // namespace

void init_async(Napi::Env env) {
  stay_loaded();
  auto* environment = new Environment;
  env.SetInstanceData(environment);
  napi_value name = Napi::String::New(env, "infomotion");
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, environment,
                                                       settle, &environment->mailbox->wake);
  if (status != napi_ok) throw Napi::Error::New(env);
  napi_unref_threadsafe_function(env, environment->mailbox->wake);  // an idle addon keeps no process alive
  // Hooks run in reverse: this one before the thread-safe function's own.
  napi_add_env_cleanup_hook(env, close, environment);
}

Napi::Error to_error(Napi::Env env, const runtime::Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message);
  error.Set("code", Napi::String::New(env, status.code));
  return error;
}

Napi::Object start(Napi::Env env, std::unique_ptr<Task> task) {
  auto* environment = env.GetInstanceData<Environment>();
  auto work = std::make_shared<Work>();
  work->id = ++environment->last_id;
  work->task = std::move(task);
  if (environment->pending.empty()) napi_ref_threadsafe_function(env, environment->mailbox->wake);
  auto deferred = Napi::Promise::Deferred::New(env);
  environment->pending.emplace(work->id, std::make_pair(deferred, work));

  // At once: what else there is to do here takes as long as waking a thread.
  runtime::pool_submit([mailbox = environment->mailbox, work] { run_on_pool(mailbox, work); });
  Napi::Object job = Napi::Object::New(env);
  job.Set("promise", deferred.Promise());
  std::weak_ptr<Work> weak = work;
  job.Set("cancel", Napi::Function::New(env, [weak](const Napi::CallbackInfo&) {
            if (auto alive = weak.lock()) alive->cancel.request();
          }));
  return job;
}

}  // namespace infomotion::node
