#include "flow/iterations.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::flow {
namespace {

// After how many rows the running sum down the columns is computed anew, so that rounding errors do not pile up: not
// much more often than the window is high, and a divisor of half of the usual heights.
int restart_rows(int half) { return 30 * (1 + half / 30); }

// Rows of equations in use at once.
int ring_rows(const Window& window, int height) {
  return std::min(2 * window.half + (window.kernel.empty() ? 2 : kBlurred), height);
}

// Columns of equations begin at multiples of this: half a cache line.
constexpr int kAligned = 8;

int stretch(int width, int half) {
  return static_cast<int>(runtime::padded(static_cast<std::size_t>(width) + 2 * half));
}

// The width of strips. A Gaussian reads all its rows of equations again and again, so they should fill about half a
// second-level cache of usual size; but strips must not be so narrow that the columns computed twice, half a window for
// each iteration, matter. A box only reads the row that enters and the row that leaves: one strip of the whole width.
int strip_width(const Window& window, int stages, int width, int height) {
  if (window.kernel.empty()) return width;
  constexpr int kBytes = 512 << 10;
  const int column = ring_rows(window, height) * kEquations * static_cast<int>(sizeof(float)) * std::max(stages, 1);
  return std::max(kBytes / column, 16 * stages * window.half);
}

// A row has room behind it, since the last vector of its last stretch may go beyond its end.
int equation_floats(int pitch) { return kEquations * pitch + 16; }

}  // namespace

Iterations::Iterations(const Kernels& kernels, const Window& window, int stages, int width, int height)
    : kernels_(kernels),
      window_(window),
      restart_(restart_rows(window.half)),
      strip_(strip_width(window, stages, width, height)),
      stages_(stages),
      lines_(2 * window.half + kBlurred) {
  const int columns = std::min(width, strip_ * 3 / 2 + 2 * stages * (window.half + kAligned) + 16);
  const int pitch = stretch(columns, window.half), row = equation_floats(pitch);
  for (Stage& stage : stages_) {
    stage.ring.resize(static_cast<std::size_t>(ring_rows(window, height)) * row);
    stage.columns.resize(window.kernel.empty() ? row : static_cast<std::size_t>(row) * kBlurred);
    stage.compensation.resize(window.kernel.empty() ? row : 0);
    stage.u.resize(runtime::padded(columns));
    stage.v.resize(runtime::padded(columns));
  }
  scratch_.resize(row);
}

std::size_t Iterations::bytes() const {
  std::size_t floats = scratch_.size();
  for (const Stage& stage : stages_)
    floats += stage.ring.size() + stage.columns.size() + stage.compensation.size() + stage.u.size() + stage.v.size();
  return floats * sizeof(float);
}

int Iterations::strips(int width) const { return std::max((width + strip_ / 2) / strip_, 1); }

void Iterations::run(const MotionField& field, int count, FirstGuess& guess, const Tile& tile, bool follows,
                     const FlowTarget& target, const runtime::Cancel& cancel) {
  field_ = &field;
  guess_ = &guess;
  ring_rows_ = ring_rows(window_, field.height);
  if (!follows) begin_stages(count, tile);
  Stage& last = stages_[count - 1];
  for (int y = tile.begin; y < tile.end && !cancel.requested(); ++y) {
    const std::size_t at = static_cast<std::size_t>(y);
    if (target.planes != nullptr) {
      const std::size_t first = at * target.planes->pitch + tile.left;
      solve_row(count - 1, y, target.planes->u.data() + first, target.planes->v.data() + first);
    } else {
      solve_row(count - 1, y, last.u.data(), last.v.data());
      kernels_.pairs(last.u.data(), last.v.data(), tile.right - tile.left,
                     target.pairs + 2 * (at * field.width + tile.left));
    }
  }
}

// Each stage begins as many rows above the next one as the window reaches, and also computes its sums anew that many
// rows above, so that no tile makes more rows than it needs. Its columns are those that the equations of the next stage
// use.
void Iterations::begin_stages(int count, const Tile& tile) {
  int left = tile.left, right = tile.right;
  for (int i = count; i-- > 0;) {
    Stage& stage = stages_[i];
    stage.ahead = (count - 1 - i) * window_.half;
    stage.begin = stage.next = std::max(tile.begin - stage.ahead, 0);
    stage.made = std::max(stage.begin - window_.half, 0);
    stage.left = left;
    stage.right = right;
    left = stage.from = std::max(left - window_.half, 0) / kAligned * kAligned;
    right = stage.to = std::min(right + window_.half, field_->width);
  }
  pitch_ = stretch(right - left, window_.half);
  row_floats_ = equation_floats(pitch_);
}

void Iterations::make_equations(int i, int y) {
  Stage& stage = stages_[i];
  EquationRow row;
  row.x = stage.from;
  row.y = y;
  row.width = stage.to - stage.from;
  row.image_width = field_->width;
  row.image_height = field_->height;
  row.from = field_->from->row(y) + stage.from;
  row.to = field_->to->row(0);
  row.pitch = field_->from->pitch();
  if (i == 0) {
    guess_->row(y, stage.from, stage.to, &row.u, &row.v);
  } else {
    Stage& before = stages_[i - 1];
    while (before.next <= y) solve_row(i - 1, before.next, before.u.data(), before.v.data());
    row.u = before.u.data();
    row.v = before.v.data();
  }
  row.border_x = field_->border_x + static_cast<std::size_t>(y) * field_->border_pitch + stage.from;
  row.border_y = field_->border_y[y];
  row.symmetric = field_->border == Border::kSymmetric;
  row.before = stage.from == 0 ? window_.half : 0;
  row.out = equations(stage, y) + row.before;
  row.out_pitch = pitch_;
  row.after = stage.to == field_->width ? pitch_ - row.before - row.width : 0;
  kernels_.equations(row);
}

void Iterations::solve_row(int i, int y, float* u, float* v) {
  Stage& stage = stages_[i];
  const int half = window_.half, bottom = field_->height - 1, floats = kEquations * pitch_;
  const auto line = [&](int j) { return equations(stage, std::clamp(j, 0, bottom)); };
  const auto make = [&](int last) {
    for (last = std::min(last, bottom); stage.made <= last; ++stage.made) make_equations(i, stage.made);
  };
  WindowRow row = {};
  row.columns = stage.columns.data();
  if (!window_.kernel.empty()) {
    const int k = (y - stage.begin) % kBlurred;
    if (k == 0) {
      make(y + kBlurred - 1 + half);
      for (int j = 0; j < 2 * half + kBlurred; ++j) lines_[j] = line(y - half + j);
      kernels_.blur(lines_.data(), window_.kernel.data(), half, floats, row.columns, row_floats_);
    }
    row.columns += k * row_floats_;
    row.kernel = window_.kernel.data();
  } else {
    make(y + half);
    if (y == 0 || (y + stage.ahead) % restart_ == 0) {
      std::fill_n(row.columns, floats, 0.0f);
      std::fill_n(stage.compensation.data(), floats + 16, 0.0f);
      for (int j = y - half; j <= y + half; ++j) kernels_.add(row.columns, line(j), floats);
    } else {
      row.enters = line(y + half);
      row.leaves = line(y - half - 1);
      row.compensation = stage.compensation.data();
    }
  }
  row.width = stage.right - stage.left;
  row.half = half;
  row.first = stage.left - half - stage.from + (stage.from == 0 ? half : 0);
  row.pitch = pitch_;
  row.regular = window_.regular;
  row.scratch = scratch_.data();
  row.u = u;
  row.v = v;
  kernels_.solve(row);
  stage.next = y + 1;
}

}  // namespace infomotion::flow
