// The functions of the plugin's table, on any Runtime (flow_batch.h) that has besides:
//   static std::string unavailable()   why it cannot be used; empty: it can
//   static std::size_t workspace()     bytes for the frames and pairs that are computed at a time
//   begin()                            once before a call: the thread's device is chosen
//   finish()                           waits until nothing is under way
//   result(), text()                   what failed: an InfomotionResult, and words
//   blocks()                           blocks of threads that keep it busy
//   launches(), start_timer(), stop_timer(), copy_bandwidth()   for measuring
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "flow_batch.h"
#include "neighbours_batch.h"

namespace infomotion::cuda {

inline std::int32_t say(InfomotionMessage* message, std::int32_t result, const std::string& text) {
  if (message != nullptr) std::snprintf(message->text, sizeof(message->text), "%s", text.c_str());
  return result;
}

// Runtimes keep their streams and memory from call to call; so many calls run at a time, the others wait: enough that
// one computes while another copies, and few enough for the device's memory.
template <class Runtime>
class Runtimes {
 public:
  static constexpr std::size_t kMaxRuntimes = 3;

  class Loan {
   public:
    Loan(Runtimes& from, std::unique_ptr<Runtime> runtime) : from_(from), runtime_(std::move(runtime)) {}
    ~Loan() { from_.give_back(std::move(runtime_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    Runtime& operator*() const { return *runtime_; }

   private:
    Runtimes& from_;
    std::unique_ptr<Runtime> runtime_;
  };

  // Leaked: its threads may be at work when the process ends.
  static Runtimes& instance() {
    static Runtimes* runtimes = new Runtimes;
    return *runtimes;
  }

  Loan borrow() {
    std::unique_lock<std::mutex> lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty() || lent_ < kMaxRuntimes; });
    ++lent_;
    if (idle_.empty()) return Loan(*this, std::make_unique<Runtime>());
    std::unique_ptr<Runtime> runtime = std::move(idle_.back());
    idle_.pop_back();
    return Loan(*this, std::move(runtime));
  }

 private:
  // One that failed is not lent again: its memory is freed with it.
  void give_back(std::unique_ptr<Runtime> runtime) {
    if (runtime->failed()) runtime.reset();
    std::lock_guard<std::mutex> lock(mutex_);
    --lent_;
    if (runtime) idle_.push_back(std::move(runtime));
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Runtime>> idle_;
  std::size_t lent_ = 0;
};

// Lends a runtime to work(runtime) -> whether it got to its end, and tells what came of it.
template <class Runtime, class Work>
std::int32_t with_runtime(InfomotionMessage* message, const Work& work) {
  try {
    const std::string reason = Runtime::unavailable();
    if (!reason.empty()) return say(message, kInfomotionUnavailable, reason);
    auto loan = Runtimes<Runtime>::instance().borrow();
    Runtime& runtime = *loan;
    runtime.begin();
    const bool done = !runtime.failed() && work(runtime);
    runtime.finish();
    if (runtime.failed()) return say(message, runtime.result(), runtime.text());
    return done ? kInfomotionDone : say(message, kInfomotionCancelled, "cancelled");
  } catch (const std::bad_alloc&) {
    return say(message, kInfomotionOutOfMemory, "not enough memory on the host");
  } catch (const std::exception& error) {
    return say(message, kInfomotionFailed, error.what());
  }
}

template <class Runtime>
std::int32_t compute_flow(const InfomotionFlowRequest* request, InfomotionMessage* message) {
  FlowPlan plan;
  const std::string fault = make_plan(*request, Runtime::workspace(), &plan);
  if (!fault.empty()) return say(message, kInfomotionFailed, fault);
  return with_runtime<Runtime>(message, [&](Runtime& runtime) {
    FlowBatch<Runtime> batch(runtime, *request, plan);
    return batch.prepare() && batch.run();
  });
}

template <class Runtime>
std::int32_t find_neighbours(const InfomotionNeighboursRequest* request, InfomotionMessage* message) {
  constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 30;
  if (request->rows < 1 || request->dim < 1 || request->wanted < 1 || request->rows > kMaxSize ||
      request->dim > kMaxSize || request->wanted > kMaxSize)
    return say(message, kInfomotionFailed, "the size of a search is out of range");
  return with_runtime<Runtime>(
      message, [&](Runtime& runtime) { return search_neighbours(runtime, *request, runtime.blocks()); });
}

template <class Runtime>
std::int32_t measure_flow(const InfomotionFlowRequest* request, std::int32_t repeats,
                          InfomotionMeasurement* measurement, InfomotionMessage* message) {
  FlowPlan plan;
  const std::string fault = make_plan(*request, Runtime::workspace(), &plan);
  if (!fault.empty()) return say(message, kInfomotionFailed, fault);
  return with_runtime<Runtime>(message, [&](Runtime& runtime) {
    FlowBatch<Runtime> batch(runtime, *request, plan);
    const std::vector<Chunk> chunks = make_chunks(*request, plan.frames_at_once);
    const Traffic bytes = traffic(*request, plan);
    std::size_t count = 0;
    measurement->bytes = 0;
    for (std::uint64_t i = 0; i < request->clip_count; ++i) {
      const std::uint64_t frames = request->clips[i].count;
      count += frames;
      measurement->bytes += static_cast<double>(frames) * bytes.frame;
      if (frames > 1) measurement->bytes += static_cast<double>(frames - 1) * bytes.pair;
    }
    char* frames = runtime.template device<char>(Buffer::kValues, count * batch.frame_bytes());
    if (!batch.prepare()) return false;
    char* place = frames;
    for (std::uint64_t i = 0; i < request->clip_count; ++i) {
      const std::size_t bytes = request->clips[i].count * batch.frame_bytes();
      runtime.upload(place, request->clips[i].frames, bytes);
      place += bytes;
    }
    std::vector<double> seconds;
    for (int repeat = 0; repeat <= repeats && !runtime.failed(); ++repeat) {
      const std::uint64_t before = runtime.launches();
      runtime.finish();
      runtime.start_timer();
      const char* from = frames;
      for (std::size_t i = 0; i < chunks.size(); ++i) {
        const int turn = static_cast<int>(i % 2);
        if (i >= 2) runtime.wait(turn);  // the pairs' staging memory is free again
        batch.upload_pairs(chunks[i], turn);
        runtime.uploaded();
        batch.compute(chunks[i], from, turn);
        runtime.computed();
        runtime.mark(turn);
        from += chunks[i].frames * batch.frame_bytes();
      }
      const double passed = runtime.stop_timer();
      measurement->launches = runtime.launches() - before;
      if (repeat > 0) seconds.push_back(passed);  // the first one warms up
    }
    std::sort(seconds.begin(), seconds.end());
    measurement->seconds = seconds.empty() ? 0 : seconds[seconds.size() / 2];
    measurement->copy_bandwidth = runtime.copy_bandwidth();
    return !runtime.failed();
  });
}

}  // namespace infomotion::cuda
