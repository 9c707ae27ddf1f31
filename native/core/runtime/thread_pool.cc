#include "runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace infomotion {
namespace {

class Pool {
 public:
  explicit Pool(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) std::thread([this] { work(); }).detach();
  }

  void submit(std::function<void()> job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

 private:
  [[noreturn]] void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        ready_.wait(lock, [this] { return !jobs_.empty(); });
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
};

// Leaked on purpose: destroying it at exit would race its own threads.
Pool& pool() {
  static Pool* instance = new Pool(pool_threads());
  return *instance;
}

}  // namespace

std::size_t pool_threads() {
  static const std::size_t threads = [] {
    if (const char* text = std::getenv("INFOMOTION_THREADS")) {
      const long n = std::strtol(text, nullptr, 10);
      if (n >= 1 && n <= 1024) return static_cast<std::size_t>(n);
    }
    return static_cast<std::size_t>(std::max(1u, std::thread::hardware_concurrency()));
  }();
  return threads;
}

void pool_submit(std::function<void()> job) { pool().submit(std::move(job)); }

void parallel_for(std::size_t n, std::size_t threads, const std::function<void(std::size_t)>& body) {
  if (threads == 0) threads = pool_threads();
  threads = std::min(threads, n);
  if (threads <= 1) {
    for (std::size_t i = 0; i < n; ++i) body(i);
    return;
  }
  // Shared by the caller and its helpers: a helper that starts after all is done finds no index left and touches
  // nothing but this block, so the caller need not wait for it (that is what makes nesting safe).
  struct Shared {
    std::atomic<std::size_t> next{0};
    std::size_t done = 0;
    std::mutex mutex;
    std::condition_variable all_done;
  };
  auto shared = std::make_shared<Shared>();
  const std::function<void(std::size_t)>* work = &body;
  auto run = [shared, n, work] {
    std::size_t mine = 0;
    for (std::size_t i; (i = shared->next.fetch_add(1)) < n; ++mine) (*work)(i);
    if (mine == 0) return;
    std::lock_guard<std::mutex> lock(shared->mutex);
    shared->done += mine;
    if (shared->done == n) shared->all_done.notify_all();
  };
  for (std::size_t t = 1; t < threads; ++t) pool_submit(run);
  run();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_done.wait(lock, [&] { return shared->done == n; });
}

}  // namespace infomotion
