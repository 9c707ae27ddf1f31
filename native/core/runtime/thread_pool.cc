#include "runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace infomotion::runtime {
namespace {

// Waits for `ready` at most as long as it takes to wake a sleeping thread (20 to 50 us on virtual machines), so that
// the phases of one job follow each other without that delay. No longer, since the processor may have other users; and
// those come first in any case, because each look is followed by a yield.
template <typename Ready>
void linger(Ready ready) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  while (!ready() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

class Pool {
 public:
  explicit Pool(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) std::thread([this] { work(); }).detach();
  }

  // `part`: the job is part of a larger one, and more parts may follow soon.
  void submit(std::function<void()> job, bool part) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back({std::move(job), part});
      queued_.store(jobs_.size(), std::memory_order_relaxed);
    }
    ready_.notify_one();
  }

 private:
  [[noreturn]] void work() {
    for (Job job;;) {
      if (job.part) linger([this] { return queued_.load(std::memory_order_relaxed) > 0; });
      {
        std::unique_lock<std::mutex> lock(mutex_);
        ready_.wait(lock, [this] { return !jobs_.empty(); });
        job = std::move(jobs_.front());
        jobs_.pop_front();
        queued_.store(jobs_.size(), std::memory_order_relaxed);
      }
      job.run();
      job.run = nullptr;
    }
  }

  struct Job {
    std::function<void()> run;
    bool part = false;
  };

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  std::atomic<std::size_t> queued_{0};  // jobs_.size(), to look at without the lock
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

void pool_submit(std::function<void()> job) { pool().submit(std::move(job), false); }

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
    std::atomic<std::size_t> done{0};
    std::mutex mutex;
    std::condition_variable all_done;
  };
  auto shared = std::make_shared<Shared>();
  const std::function<void(std::size_t)>* work = &body;
  auto run = [shared, n, work] {
    std::size_t mine = 0;
    for (std::size_t i; (i = shared->next.fetch_add(1)) < n; ++mine) (*work)(i);
    if (mine == 0 || shared->done.fetch_add(mine) + mine < n) return;
    std::lock_guard<std::mutex> lock(shared->mutex);
    shared->all_done.notify_all();
  };
  for (std::size_t t = 1; t < threads; ++t) pool().submit(run, true);
  run();
  linger([&] { return shared->done == n; });
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_done.wait(lock, [&] { return shared->done == n; });
}

}  // namespace infomotion::runtime
