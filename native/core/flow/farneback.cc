#include "flow/farneback.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "runtime/runs.h"
#include "runtime/thread_pool.h"

namespace infomotion::flow {
namespace {

// Iterations in one sweep: more would save little, and each keeps its rows of equations in the caches.
constexpr int kSweep = 4;

// A thread with fewer rows (or columns) would spend most of its time on those that its neighbours compute too.
constexpr int kMinBand = 64;

// Columns of a strip begin at multiples of this: a vector of the widest instruction set.
constexpr int kStripAlignment = 16;

// Rows of the expansion that a thread takes at a time.
constexpr int kBand = 32;

class FlowInPlanes : public FirstGuess {
 public:
  explicit FlowInPlanes(const FlowPlanes& planes) : planes_(planes) {}
  void row(int y, int begin, int, const float** u, const float** v) override {
    const std::size_t first = static_cast<std::size_t>(y) * planes_.pitch + begin;
    *u = planes_.u.data() + first;
    *v = planes_.v.data() + first;
  }

 private:
  const FlowPlanes& planes_;
};

class NoFlow : public FirstGuess {
 public:
  void row(int, int, int, const float** u, const float** v) override { *u = *v = nullptr; }
};

// The flow of the next coarser level, in px of this one.
class MagnifiedFlow : public FirstGuess {
 public:
  MagnifiedFlow(const Kernels& kernels, const Level& level, double pyr_scale)
      : resampler_(kernels, level.flow_x, level.flow_y, static_cast<float>(1 / pyr_scale)),
        u_(runtime::padded(level.width)),
        v_(runtime::padded(level.width)) {}

  void set(const FlowPlanes* planes) { planes_ = planes; }

  void row(int y, int begin, int end, const float** u, const float** v) override {
    resampler_.row(planes_->u.data(), planes_->pitch, y, begin, end, u_.data());
    resampler_.row(planes_->v.data(), planes_->pitch, y, begin, end, v_.data());
    *u = u_.data();
    *v = v_.data();
  }

 private:
  const FlowPlanes* planes_ = nullptr;
  Resampler resampler_;
  runtime::Buffer u_, v_;
};

// The result of no iterations.
void write_guess(const Kernels& kernels, FirstGuess& guess, int width, const Tile& tile, const FlowTarget& target) {
  const int columns = tile.right - tile.left;
  for (int y = tile.begin; y < tile.end; ++y) {
    const float *u, *v;
    guess.row(y, tile.left, tile.right, &u, &v);
    const std::size_t at = static_cast<std::size_t>(y);
    if (target.planes != nullptr) {
      const std::size_t first = at * target.planes->pitch + tile.left;
      float* to_u = target.planes->u.data() + first;
      float* to_v = target.planes->v.data() + first;
      std::fill_n(to_u, columns, 0.0f);
      std::fill_n(to_v, columns, 0.0f);
      if (u != nullptr) std::copy(u, u + columns, to_u);
      if (v != nullptr) std::copy(v, v + columns, to_v);
    } else if (float* pairs = target.pairs + 2 * (at * width + tile.left); u != nullptr) {
      kernels.pairs(u, v, columns, pairs);
    } else {
      std::fill_n(pairs, 2 * columns, 0.0f);
    }
  }
}

int parts(int rows, int of) { return (rows + of - 1) / of; }

std::size_t plane_floats(const Level& level) { return runtime::padded(level.width) * level.height; }

}  // namespace

// The state of one thread.
struct FarnebackSequence::Worker {
  Worker(const FarnebackSequence& sequence)
      : iterations(*sequence.kernels_, *sequence.window_, std::min(kSweep, sequence.params_.iterations),
                   sequence.levels_[0].width, sequence.levels_[0].height) {
    const std::vector<Level>& levels = sequence.levels_;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      expanders.emplace_back(*sequence.kernels_, *sequence.basis_, levels[k]);
      if (k + 1 < levels.size()) magnified.emplace_back(*sequence.kernels_, levels[k], sequence.params_.pyr_scale);
    }
  }

  std::size_t bytes() const {
    std::size_t bytes = iterations.bytes();
    for (const Expander& expander : expanders) bytes += expander.bytes();
    return bytes;
  }

  std::vector<Expander> expanders;       // one per level
  std::vector<MagnifiedFlow> magnified;  // one per level, but none for the coarsest
  Iterations iterations;
};

FarnebackSequence::FarnebackSequence() = default;
FarnebackSequence::FarnebackSequence(FarnebackSequence&&) noexcept = default;
FarnebackSequence::~FarnebackSequence() = default;

runtime::Status FarnebackSequence::init(int width, int height, const FarnebackParams& params, int threads,
                                        runtime::Isa isa) {
  const auto refuse = [](const std::string& what) {
    return runtime::Status::error("INVALID_ARGUMENT", "Expected " + what + ".");
  };
  if (width < 1 || height < 1) return refuse("frames of at least 1 x 1 pixels");
  if (!(params.pyr_scale > 0 && params.pyr_scale < 1)) return refuse("pyrScale between 0 and 1 (both excluded)");
  if (params.levels < 0 || params.iterations < 0) return refuse("levels and iterations of at least 0");
  if (params.winsize < 1 || params.poly_n < 1) return refuse("winsize and polyN of at least 1");
  if (params.poly_sigma != 0 && !(params.poly_sigma >= 0.3)) return refuse("polySigma 0 or at least 0.3");
  if (threads < 0) return refuse("threads of at least 0");

  params_ = params;
  kernels_ = &kernels(isa);
  levels_ = make_levels(width, height, params.pyr_scale, params.levels);
  basis_ = std::make_unique<PolynomialBasis>(params.poly_n, params.poly_sigma);
  window_ = std::make_unique<Window>(params.winsize, params.gaussian);
  border_x_.clear();
  border_y_.clear();
  before_.clear();
  now_.clear();
  for (const Level& level : levels_) {
    if (std::min(level.width, level.height) < kNarrow) {
      border_x_.push_back(
          squared_border_weights(level.width, level.height, static_cast<int>(runtime::padded(level.width))));
      border_y_.emplace_back(level.height, 1.0f);
    } else {
      border_x_.push_back(squared_border_weights(level.width));
      border_y_.push_back(squared_border_weights(level.height));
    }
    border_x_.back().resize(runtime::padded(border_x_.back().size()) +
                            runtime::padded(1));  // strips begin anywhere, and end within a vector
    before_.emplace_back(level.width, level.height);
    now_.emplace_back(level.width, level.height);
  }
  for (FlowPlanes& planes : planes_) planes = FlowPlanes();
  if (params.iterations > kSweep) ensure_planes(0);
  else if (levels_.size() > 1) ensure_planes(1);
  const std::size_t most = threads == 0 ? runtime::pool_threads() : static_cast<std::size_t>(threads);
  const std::size_t bands = std::min(most, static_cast<std::size_t>(std::max(height / kMinBand, 1)));
  workers_.clear();
  while (workers_.size() < bands) workers_.push_back(std::make_unique<Worker>(*this));
  primed_ = false;
  return {};
}

runtime::Status FarnebackSequence::push(const std::uint8_t* frame, std::size_t pitch, const float* initial, float* flow,
                                        const runtime::Cancel& cancel) {
  return push_frame(frame, pitch, initial, flow, cancel);
}

runtime::Status FarnebackSequence::push(const float* frame, std::size_t pitch, const float* initial, float* flow,
                                        const runtime::Cancel& cancel) {
  return push_frame(frame, pitch, initial, flow, cancel);
}

std::size_t FarnebackSequence::bytes() const {
  std::size_t bytes = 0;
  for (const Expansions* expansions : {&before_, &now_})
    for (const Expansion& expansion : *expansions) bytes += expansion.bytes();
  for (const FlowPlanes& planes : planes_) bytes += (planes.u.size() + planes.v.size()) * sizeof(float);
  for (const auto& worker : workers_) bytes += worker->bytes();
  return bytes;
}

// Calls body(worker, item, follows) for all items, in parallel on at most `most` threads. `follows`: the same worker
// has just done the item before, so that it can go on with what it keeps.
template <typename Body>
void FarnebackSequence::share(std::size_t items, std::size_t most, Body body) {
  const std::size_t busy = std::min(workers_.size(), most);
  runtime::Runs runs(items, busy);
  runtime::parallel_for(busy, busy, [&](std::size_t worker) {
    for (std::size_t item, last = items; runs.next(worker, &item); last = item)
      body(*workers_[worker], item, item == last + 1);
  });
}

template <typename T>
runtime::Status FarnebackSequence::push_frame(const T* frame, std::size_t pitch, const float* initial, float* flow,
                                              const runtime::Cancel& cancel) {
  expand(frame, pitch, cancel);
  if (primed_ && !cancel.requested()) compute_flow(initial, flow, cancel);
  if (cancel.requested()) {
    primed_ = false;
    return runtime::Status::cancelled();
  }
  primed_ = true;
  std::swap(before_, now_);
  return {};
}

// All levels at once, in bands of rows; the finest level, which is most of the work, comes first.
template <typename T>
void FarnebackSequence::expand(const T* frame, std::size_t pitch, const runtime::Cancel& cancel) {
  std::vector<std::size_t> ends;  // of the levels' items
  std::size_t items = 0;
  for (const Level& level : levels_) ends.push_back(items += static_cast<std::size_t>(parts(level.height, kBand)));
  share(items, items, [&](Worker& worker, std::size_t item, bool follows) {
    const std::size_t k = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), item) - ends.begin());
    const int band = static_cast<int>(item - (k > 0 ? ends[k - 1] : 0)), begin = band * kBand;
    const int end = std::min(begin + kBand, levels_[k].height);
    worker.expanders[k].expand(frame, pitch, begin, end, follows && band > 0, &now_[k], cancel);
  });
}

// Coarse to fine; at each level as many sweeps as the iterations take.
void FarnebackSequence::compute_flow(const float* initial, float* flow, const runtime::Cancel& cancel) {
  const FlowPlanes* known = nullptr;
  const auto other = [&] { return known == &planes_[0] ? &planes_[1] : &planes_[0]; };
  if (initial != nullptr) {
    ensure_planes(levels_.size() - 1);
    shrink_initial(initial, &planes_[0]);
    known = &planes_[0];
  }
  for (std::size_t k = levels_.size(); k-- > 0;) {
    bool magnify = k + 1 < levels_.size();
    int left = params_.iterations;
    do {
      const int count = std::min(left, kSweep);
      left -= count;
      FlowTarget target = {nullptr, flow};
      if (k > 0 || left > 0) {
        ensure_planes(k);
        target = {other(), nullptr};
        target.planes->pitch = runtime::padded(levels_[k].width);
      }
      sweep(k, count, known, magnify, target, cancel);
      known = target.planes;
      magnify = false;
    } while (left > 0 && !cancel.requested());
  }
}

// How many strips of columns a level is cut into. Usually the caches decide (Iterations::strips). If they do not mind,
// a wide level is cut into strips for the threads: the seams then run along the shorter side, and less is computed
// twice.
int FarnebackSequence::strips(const Level& level) const {
  const int for_caches = workers_[0]->iterations.strips(level.width);
  if (for_caches > 1 || level.width <= level.height) return for_caches;
  return std::clamp(level.width / kMinBand, 1, static_cast<int>(workers_.size()));
}

// Where strip `i` of `count` begins: at an even division, rounded to a multiple of kStripAlignment.
int FarnebackSequence::strip_begin(const Level& level, int i, int count) {
  if (i == count) return level.width;
  const int even = static_cast<int>(static_cast<long long>(level.width) * i / count);
  return (even + kStripAlignment / 2) / kStripAlignment * kStripAlignment;
}

// `count` iterations of level k, tile by tile: strips of columns, cut into bands of the rows after which the iterations
// compute their running sums anew, so that tiles do not change the result.
void FarnebackSequence::sweep(std::size_t k, int count, const FlowPlanes* known, bool magnify, const FlowTarget& target,
                              const runtime::Cancel& cancel) {
  const Level& level = levels_[k];
  const MotionField field = {level.width,
                             level.height,
                             &before_[k],
                             &now_[k],
                             border_x_[k].data(),
                             border_y_[k].data(),
                             std::min(level.width, level.height) < kNarrow ? runtime::padded(level.width) : 0,
                             params_.border};
  const int strips = this->strips(level), rows = workers_[0]->iterations.restart(), bands = parts(level.height, rows);
  const std::size_t most =
      static_cast<std::size_t>(strips) * static_cast<std::size_t>(std::max(level.height / kMinBand, 1));
  share(static_cast<std::size_t>(strips) * static_cast<std::size_t>(bands), most,
        [&](Worker& worker, std::size_t item, bool follows) {
          const int strip = static_cast<int>(item) / bands, band = static_cast<int>(item) % bands, top = band * rows;
          const Tile tile = {strip_begin(level, strip, strips), strip_begin(level, strip + 1, strips), top,
                             std::min(top + rows, level.height)};
          NoFlow none;
          std::optional<FlowInPlanes> planes;
          FirstGuess* guess = &none;
          if (magnify) {
            worker.magnified[k].set(known);
            guess = &worker.magnified[k];
          } else if (known != nullptr) {
            guess = &planes.emplace(*known);
          }
          if (count > 0) worker.iterations.run(field, count, *guess, tile, follows && band > 0, target, cancel);
          else write_guess(*kernels_, *guess, level.width, tile, target);
        });
}

// The first guess at the coarsest level: the area mean of the full-size one, in px of that level.
void FarnebackSequence::shrink_initial(const float* initial, FlowPlanes* planes) const {
  const Level& full = levels_.front();
  const Level& level = levels_.back();
  const AxisFilter fx = area_filter(full.width, level.width), fy = area_filter(full.height, level.height);
  Resampler resampler(*kernels_, fx, fy, static_cast<float>(level.scale));
  planes->pitch = runtime::padded(level.width);
  std::vector<float> plane(full.pixels());
  for (runtime::Buffer* component : {&planes->u, &planes->v}) {
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = initial[2 * i];
    for (int y = 0; y < level.height; ++y)
      resampler.row(plane.data(), full.width, y, component->data() + y * planes->pitch);
    ++initial;
  }
}

void FarnebackSequence::ensure_planes(std::size_t k) {
  const std::size_t floats = plane_floats(levels_[k]);
  for (FlowPlanes& planes : planes_) {
    if (planes.u.size() >= floats) continue;
    FlowPlanes larger(floats);
    larger.pitch = planes.pitch;
    std::copy(planes.u.data(), planes.u.data() + planes.u.size(), larger.u.data());
    std::copy(planes.v.data(), planes.v.data() + planes.v.size(), larger.v.data());
    planes = std::move(larger);
  }
}

}  // namespace infomotion::flow
