// The flow of a batch of clips, chunk by chunk: while one is computed, the one before it is carried off and the next
// one carried in. Everything of it runs on a Runtime, which is a GPU (plugin.cu) or, in tests, the host
// (test/emulator.h):
//   T* device<T>(Buffer, count), T* pinned<T>(Buffer, count)   memory kept for the next batch; null once anything failed
//   bool reachable(const void*)                                host memory that copies can use as it is
//   upload(to, from, bytes), uploaded()                        copies in; what is launched after uploaded() waits for them
//   launch(kernel, grid)                                       in order
//   computed(), download(to, from, bytes), mark(turn)          copies out wait for what was launched before computed()
//   wait(turn)                                                 until the mark of that turn is reached: the only wait
//   failed()                                                   sticky
#pragma once

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "cells_kernel.h"
#include "flow/window.h"
#include "flow_plan.h"

namespace infomotion::cuda {

enum class Buffer {
  kTables,
  kFrames0,
  kFrames1,
  kImages,
  kExpansions,
  kPairs0,
  kPairs1,
  kInitial0,
  kInitial1,
  kFlow0,
  kFlow1,
  kScratch,
  kEquations,
  kSums,
  kCells0,
  kCells1,
  kValues,
  kBias,
  kSkip,
  kIndex0,
  kIndex1,
  kScore0,
  kScore1,
  kLists,
  kListScores,
  kCount
};

// The buffer of chunk 0, 2, 4, ... or of chunk 1, 3, 5, ...
inline Buffer of_turn(Buffer even, int turn) { return static_cast<Buffer>(static_cast<int>(even) + turn); }

struct Copy {
  char* to;
  const char* from;
  std::size_t bytes;
};

// Copies between host memory: one core copies more slowly than a GPU delivers, so large ones are shared out.
inline void copy_all(const std::vector<Copy>& copies) {
  constexpr std::size_t kShare = std::size_t{2} << 20, kMaxThreads = 4;
  std::size_t total = 0;
  for (const Copy& copy : copies) total += copy.bytes;
  const std::size_t threads = std::clamp<std::size_t>(total / kShare, 1, kMaxThreads);
  // Thread i takes bytes [i, i + 1) total / threads of all copies laid end to end.
  const auto part = [&](std::size_t i) {
    const std::size_t begin = total * i / threads, end = total * (i + 1) / threads;
    std::size_t at = 0;
    for (const Copy& copy : copies) {
      const std::size_t from = std::max(begin, at), to = std::min(end, at + copy.bytes);
      if (from < to) std::memcpy(copy.to + (from - at), copy.from + (from - at), to - from);
      at += copy.bytes;
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(part, i);
  part(0);
  for (std::thread& other : others) other.join();
}

template <class Runtime>
class FlowBatch {
 public:
  FlowBatch(Runtime& runtime, const InfomotionFlowRequest& request, const FlowPlan& plan)
      : runtime_(runtime), request_(request), plan_(plan), pixels_(plan.levels[0].pixels()) {
    for (std::uint64_t i = 0; i < request.clip_count; ++i) {
      const InfomotionClip& clip = request.clips[i];
      wants_flow_ |= clip.flow != nullptr;
      wants_cells_ |= clip.cells != nullptr;
      has_initial_ |= clip.initial != nullptr;
    }
    cell_values_ = static_cast<std::size_t>(request.grid) * request.grid * Cells::kChannels;
  }

  // Tables and memory. False once anything failed.
  bool prepare() {
    const std::size_t frames = plan_.frames_at_once, floats = pixels_ * 2 * frames;
    const auto& words = plan_.tables.words();
    auto* tables = runtime_.template device<std::uint32_t>(Buffer::kTables, words.size());
    if (tables == nullptr) return false;
    runtime_.upload(tables, words.data(), words.size() * sizeof(words[0]));
    tables_ = tables;
    images_ = runtime_.template device<float>(Buffer::kImages, pixels_ * frames);
    expansions_ = runtime_.template device<float>(Buffer::kExpansions, slot_stride() * (frames + 1));
    scratch_ = runtime_.template device<float>(Buffer::kScratch, floats);
    if (plan_.wide()) {
      equations_ = runtime_.template device<float>(Buffer::kEquations, pixels_ * kPlanes * frames);
      sums_ = runtime_.template device<float>(Buffer::kSums, pixels_ * kPlanes * frames);
    }
    for (const int turn : {0, 1}) {
      Turn& at = turns_[turn];
      at.frames = runtime_.template device<char>(of_turn(Buffer::kFrames0, turn), frame_bytes() * frames);
      at.pairs = runtime_.template device<SlotPair>(of_turn(Buffer::kPairs0, turn), frames);
      at.flow = runtime_.template device<float>(of_turn(Buffer::kFlow0, turn), floats);
      if (has_initial_) at.initial = runtime_.template device<float>(of_turn(Buffer::kInitial0, turn), floats);
      if (wants_cells_)
        at.cells = runtime_.template device<float>(of_turn(Buffer::kCells0, turn), cell_values_ * frames);
    }
    return !runtime_.failed();
  }

  // Frames in, results out. False once anything failed or `cancel` was raised.
  bool run() {
    const std::vector<Chunk> chunks = make_chunks(request_, plan_.frames_at_once);
    for (std::size_t i = 0; i <= chunks.size(); ++i) {
      if (runtime_.failed() || (i < chunks.size() && cancelled())) return false;
      const int turn = static_cast<int>(i % 2);
      if (i < chunks.size()) {
        carry_in(chunks[i], turn);
        compute(chunks[i], turns_[turn].frames, turn);
        carry_out(chunks[i], turn);
      }
      if (i > 0) deliver(chunks[i - 1], 1 - turn);
    }
    return !runtime_.failed();
  }

  // Enqueues a chunk whose frames lie at `frames` on the device, and its pairs (and initial flow) in their buffers.
  void compute(const Chunk& chunk, const void* frames, int turn) {
    const int pairs = static_cast<int>(chunk.pairs.size());
    for (const LevelPlan& level : plan_.levels) {
      if (request_.floats) make_images(level, chunk.frames, static_cast<const float*>(frames));
      else make_images(level, chunk.frames, static_cast<const std::uint8_t*>(frames));
      expand(level, chunk);
    }
    if (pairs == 0) return;
    // Every launch writes the buffer that it does not read; the last one is to be the chunk's.
    const int writes = static_cast<int>(plan_.levels.size()) * launches_a_level();
    float* buffers[2] = {scratch_, turns_[turn].flow};
    int target = writes % 2;
    const float* known = nullptr;
    for (std::size_t k = plan_.levels.size(); k-- > 0;) {
      FlowSource before = start_of(k, known, turn);
      for (int i = 0; i < launches_a_level(); ++i, target = 1 - target) {
        if (i > 0) before = {FlowSource::kStored, known, pixels_ * 2, plan_.levels[k].width, {}, {}, 1};
        iterate(plan_.levels[k], before, pairs, turn, buffers[target]);
        known = buffers[target];
      }
    }
    if (wants_cells_)
      launch(Cells{request_.width, request_.height, request_.grid, known, pixels_ * 2, turns_[turn].cells}, pairs);
  }

  void upload_pairs(const Chunk& chunk, int turn) {
    if (chunk.pairs.empty()) return;
    auto* staged = runtime_.template pinned<SlotPair>(of_turn(Buffer::kPairs0, turn), plan_.frames_at_once);
    if (staged == nullptr) return;
    const std::size_t bytes = chunk.pairs.size() * sizeof(SlotPair);
    std::memcpy(staged, chunk.pairs.data(), bytes);
    runtime_.upload(turns_[turn].pairs, staged, bytes);
  }

  std::size_t frame_bytes() const { return pixels_ * (request_.floats ? sizeof(float) : 1); }

 private:
  struct Turn {
    char* frames = nullptr;
    SlotPair* pairs = nullptr;
    float *flow = nullptr, *initial = nullptr, *cells = nullptr;
  };

  int launches_a_level() const { return std::max(1, plan_.params.iterations); }

  template <class Kernel>
  void launch(const Kernel& kernel, int count) {
    runtime_.launch(kernel, kernel.grid(count));
  }

  bool cancelled() const {
    return request_.cancel.requested != nullptr && request_.cancel.requested(request_.cancel.context);
  }
  std::size_t slot_stride() const { return plan_.pixels_of_all_levels * kPlanes; }

  // `bytes` from the caller's memory, by way of `staged` where a copy cannot use that.
  void carry(void* to, const void* from, std::size_t bytes, char* staged) {
    if (runtime_.reachable(from)) {
      runtime_.upload(to, from, bytes);
    } else if (staged != nullptr) {
      std::memcpy(staged, from, bytes);
      runtime_.upload(to, staged, bytes);
    }
  }

  void carry_in(const Chunk& chunk, int turn) {
    const std::size_t frame = frame_bytes(), pair = pixels_ * 2 * sizeof(float), most = plan_.frames_at_once;
    char* frames = turns_[turn].frames;
    char* staged = runtime_.template pinned<char>(of_turn(Buffer::kFrames0, turn), frame * most);
    if (staged == nullptr) return;
    for (const Chunk::Run& run : chunk.frame_runs)
      carry(frames + run.place * frame, static_cast<const char*>(request_.clips[run.clip].frames) + run.first * frame,
            run.count * frame, staged + run.place * frame);
    upload_pairs(chunk, turn);
    if (has_initial_) {
      char* guesses = runtime_.template pinned<char>(of_turn(Buffer::kInitial0, turn), pair * most);
      if (guesses == nullptr) return;
      for (const Chunk::Run& run : chunk.pair_runs) {
        const char* given = reinterpret_cast<const char*>(request_.clips[run.clip].initial);
        char* place = reinterpret_cast<char*>(turns_[turn].initial) + run.place * pair;
        if (given != nullptr) {
          carry(place, given + run.first * pair, run.count * pair, guesses + run.place * pair);
        } else {
          std::memset(guesses + run.place * pair, 0, run.count * pair);
          runtime_.upload(place, guesses + run.place * pair, run.count * pair);
        }
      }
    }
    runtime_.uploaded();
  }

  void carry_out(const Chunk& chunk, int turn) {
    runtime_.computed();
    each_result(chunk, turn, [&](void* to, const void* from, void* staged, std::size_t bytes) {
      runtime_.download(runtime_.reachable(to) ? to : staged, from, bytes);
    });
    runtime_.mark(turn);
  }

  void deliver(const Chunk& chunk, int turn) {
    runtime_.wait(turn);
    if (runtime_.failed()) return;
    std::vector<Copy> copies;
    each_result(chunk, turn, [&](void* to, const void*, void* staged, std::size_t bytes) {
      if (!runtime_.reachable(to)) copies.push_back({static_cast<char*>(to), static_cast<const char*>(staged), bytes});
    });
    copy_all(copies);
  }

  // call(where the caller wants it, where it is on the device, its place in pinned memory, bytes).
  template <class Call>
  void each_result(const Chunk& chunk, int turn, const Call& call) {
    const std::size_t most = plan_.frames_at_once;
    float* flow =
        wants_flow_ ? runtime_.template pinned<float>(of_turn(Buffer::kFlow0, turn), pixels_ * 2 * most) : nullptr;
    float* cells =
        wants_cells_ ? runtime_.template pinned<float>(of_turn(Buffer::kCells0, turn), cell_values_ * most) : nullptr;
    for (const Chunk::Run& run : chunk.pair_runs) {
      const InfomotionClip& clip = request_.clips[run.clip];
      const auto give = [&](float* to, const float* device, float* staged, std::size_t size) {
        if (to != nullptr && staged != nullptr)
          call(to + run.first * size, device + run.place * size, staged + run.place * size,
               run.count * size * sizeof(float));
      };
      give(clip.flow, turns_[turn].flow, flow, pixels_ * 2);
      give(clip.cells, turns_[turn].cells, cells, cell_values_);
    }
  }

  template <class Pixel>
  void make_images(const LevelPlan& level, int frames, const Pixel* pixels) {
    launch(
        LevelImage<Pixel>{pixels, request_.width, pixels_, level.width, level.height,
                          Tables::axis(tables_, level.image_x), Tables::axis(tables_, level.image_y), images_, pixels_},
        frames);
  }

  void expand(const LevelPlan& level, const Chunk& chunk) {
    Expand kernel = plan_.expand;
    kernel.images = images_;
    kernel.image_stride = pixels_;
    kernel.width = level.width;
    kernel.height = level.height;
    kernel.expansions = expansions_ + level.first_pixel * kPlanes;
    kernel.slot_stride = slot_stride();
    kernel.first_slot = chunk.first_slot;
    kernel.slots = plan_.frames_at_once + 1;
    launch(kernel, chunk.frames);
  }

  // `known`: the flow of the coarser level; null in the coarsest.
  FlowSource start_of(std::size_t k, const float* known, int turn) const {
    const std::size_t stride = pixels_ * 2;
    if (known != nullptr) {
      const LevelPlan& level = plan_.levels[k];
      return {FlowSource::kResampled,
              known,
              stride,
              plan_.levels[k + 1].width,
              Tables::axis(tables_, level.flow_x),
              Tables::axis(tables_, level.flow_y),
              plan_.coarse_gain};
    }
    if (!has_initial_) return {FlowSource::kNone, nullptr, 0, 0, {}, {}, 0};
    return {FlowSource::kResampled,
            turns_[turn].initial,
            stride,
            request_.width,
            Tables::axis(tables_, plan_.initial_x),
            Tables::axis(tables_, plan_.initial_y),
            plan_.initial_gain};
  }

  void iterate(const LevelPlan& level, const FlowSource& before, int pairs, int turn, float* flow) {
    const std::size_t stride = pixels_ * 2;
    if (plan_.params.iterations == 0) {
      launch(StartFlow{level.width, level.height, before, flow, stride}, pairs);
      return;
    }
    const Field field = {level.width,
                         level.height,
                         expansions_ + level.first_pixel * kPlanes,
                         slot_stride(),
                         turns_[turn].pairs,
                         before,
                         Tables::floats(tables_, level.border_x),
                         Tables::floats(tables_, level.border_y),
                         level.border_pitch,
                         plan_.params.symmetric};
    const Window window = {plan_.half, plan_.gain, flow::kRegular, Tables::floats(tables_, plan_.taps)};
    if (plan_.params.gaussian) iterate<false>(level, field, window, pairs, flow);
    else iterate<true>(level, field, window, pairs, flow);
  }

  template <bool kBox>
  void iterate(const LevelPlan& level, const Field& field, const Window& window, int pairs, float* flow) {
    if (level.tiled()) {
      launch(IterateTile<kBox>{field, window, level.tile_width, level.tile_height, flow, pixels_ * 2}, pairs);
      return;
    }
    launch(WideEquations{field, equations_}, pairs);
    launch(WideColumns<kBox>{level.width, level.height, window, equations_, sums_}, pairs);
    launch(WideSolve<kBox>{level.width, level.height, window, sums_, flow, pixels_ * 2}, pairs);
  }

  Runtime& runtime_;
  const InfomotionFlowRequest& request_;
  const FlowPlan& plan_;
  std::size_t pixels_, cell_values_ = 0;
  bool wants_flow_ = false, wants_cells_ = false, has_initial_ = false;
  const std::uint32_t* tables_ = nullptr;
  float *images_ = nullptr, *expansions_ = nullptr, *scratch_ = nullptr, *equations_ = nullptr, *sums_ = nullptr;
  Turn turns_[2];
};

}  // namespace infomotion::cuda
