#include "flow/clip.h"

#include <algorithm>
#include <new>
#include <vector>

#include "runtime/runs.h"
#include "runtime/thread_pool.h"

namespace infomotion::flow {

std::size_t worthwhile_threads(std::size_t pixels) {
  constexpr std::size_t kThreadPixels = std::size_t{1} << 18;
  return std::clamp(pixels / kThreadPixels, std::size_t{1}, runtime::pool_threads());
}

template <typename T>
runtime::Status clip_flow(const Frames<T>& frames, const FarnebackParams& params, int threads, const float* initial,
                          float* flow, std::atomic<std::int32_t>* done, const runtime::Cancel& cancel) {
  if (frames.count < 2) return {};
  const std::size_t pairs = frames.count - 1, values = frames.pixels() * 2;
  const std::size_t most =
      threads == 0 ? worthwhile_threads(frames.pixels() * pairs) : static_cast<std::size_t>(threads);
  // With a run of pairs per thread, each run but the first expands one more frame, and all wait for the slowest. With
  // several threads per pair, what is near the seams is computed twice. The latter costs less if pairs are few and
  // frames large.
  constexpr std::size_t kRowsAPair = 160;
  const bool inside = pairs * kRowsAPair < static_cast<std::size_t>(frames.height);
  const std::size_t workers = inside ? 1 : std::min(most, pairs);
  std::vector<runtime::Status> statuses(workers);
  runtime::Runs runs(pairs, workers);
  runtime::parallel_for(workers, workers, [&](std::size_t worker) {
    runtime::Status& status = statuses[worker];
    FarnebackSequence sequence;
    const auto push = [&](std::size_t t, std::size_t pair) {
      status = sequence.push(frames.values + t * frames.frame_stride, frames.row_stride,
                             initial != nullptr ? initial + pair * values : nullptr, flow + pair * values, cancel);
    };
    try {
      status = sequence.init(frames.width, frames.height, params, static_cast<int>(most / workers));
      for (std::size_t pair, last = pairs; status.ok() && runs.next(worker, &pair); last = pair) {
        if (pair != last + 1) {
          sequence.restart();
          push(pair, pair);  // a first frame gives no flow
        }
        if (status.ok()) push(pair + 1, pair);
        if (status.ok()) done->fetch_add(1, std::memory_order_relaxed);
      }
    } catch (const std::bad_alloc&) {  // nobody would catch it on this thread
      status = runtime::Status::error("OUT_OF_MEMORY",
                                      "Not enough memory for the flow of this clip; use fewer frames at a time.");
    }
  });
  for (const runtime::Status& status : statuses)
    if (!status.ok()) return status;
  return {};
}

template runtime::Status clip_flow(const Frames<std::uint8_t>&, const FarnebackParams&, int, const float*, float*,
                                   std::atomic<std::int32_t>*, const runtime::Cancel&);
template runtime::Status clip_flow(const Frames<float>&, const FarnebackParams&, int, const float*, float*,
                                   std::atomic<std::int32_t>*, const runtime::Cancel&);

}  // namespace infomotion::flow
