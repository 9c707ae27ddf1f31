#include "flow/iterations.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::flow {
namespace {

// The running sum down the columns starts anew after so many rows, so that rounding errors do not pile up: not much
// more often than its window is high, and a divisor of the halves of usual heights.
int restart_rows(int half) { return 30 * (1 + half / 30); }

// Rows of equations in use at once.
int ring_rows(const Window& window, int height) {
  return std::min(2 * window.half + (window.kernel.empty() ? 2 : kBlurred), height);
}

int stretch(int width, int half) { return static_cast<int>(padded(static_cast<std::size_t>(width) + 2 * half)); }

// Behind a row there is room for the rest of the last stretch's last vector.
int equation_floats(int pitch) { return kEquations * pitch + 16; }

}  // namespace

Iterations::Iterations(const Kernels& kernels, const Window& window, int stages, int width, int height)
    : kernels_(kernels),
      window_(window),
      restart_(restart_rows(window.half)),
      stages_(stages),
      lines_(2 * window.half + kBlurred) {
  const int pitch = stretch(width, window.half), row = equation_floats(pitch);
  for (Stage& stage : stages_) {
    stage.ring.resize(static_cast<std::size_t>(ring_rows(window, height)) * row);
    stage.columns.resize(window.kernel.empty() ? row : static_cast<std::size_t>(row) * kBlurred);
    stage.u.resize(padded(width));
    stage.v.resize(padded(width));
  }
  scratch_.resize(row);
}

std::size_t Iterations::bytes() const {
  std::size_t floats = scratch_.size();
  for (const Stage& stage : stages_)
    floats += stage.ring.size() + stage.columns.size() + stage.u.size() + stage.v.size();
  return floats * sizeof(float);
}

void Iterations::run(const MotionField& field, int count, FirstGuess& guess, int begin, int end,
                     const FlowTarget& target, const Cancel& cancel) {
  field_ = &field;
  guess_ = &guess;
  pitch_ = stretch(field.width, window_.half);
  row_floats_ = equation_floats(pitch_);
  ring_rows_ = ring_rows(window_, field.height);
  begin_stages(count, begin, end);
  Stage& last = stages_[count - 1];
  for (int y = begin; y < end && !cancel.requested(); ++y) {
    const std::size_t at = static_cast<std::size_t>(y);
    if (target.planes != nullptr) {
      solve_row(count - 1, y, target.planes->u.data() + at * target.planes->pitch,
                target.planes->v.data() + at * target.planes->pitch);
    } else {
      solve_row(count - 1, y, last.u.data(), last.v.data());
      kernels_.pairs(last.u.data(), last.v.data(), field.width, target.pairs + 2 * at * field.width);
    }
  }
}

// Each stage begins as many rows above the next as its window reaches, and ends as many below. Its sums start anew as
// many rows above those where the next one's do, so that no band makes more rows than it needs.
void Iterations::begin_stages(int count, int begin, int end) {
  for (int i = 0; i < count; ++i) {
    Stage& stage = stages_[i];
    stage.ahead = (count - 1 - i) * window_.half;
    stage.begin = stage.next = std::max(begin - stage.ahead, 0);
    stage.end = std::min(end + stage.ahead, field_->height);
    stage.made = std::max(stage.begin - window_.half, 0);
  }
}

void Iterations::make_equations(int i, int y) {
  EquationRow row;
  row.width = field_->width;
  row.height = field_->height;
  row.y = y;
  row.from = field_->from->row(y);
  row.to = field_->to->row(0);
  row.pitch = field_->from->pitch();
  if (i == 0) {
    guess_->row(y, &row.u, &row.v);
  } else {
    Stage& before = stages_[i - 1];
    while (before.next <= y) solve_row(i - 1, before.next, before.u.data(), before.v.data());
    row.u = before.u.data();
    row.v = before.v.data();
  }
  row.trust_x = field_->trust_x + static_cast<std::size_t>(y) * field_->trust_pitch;
  row.trust_y = field_->trust_y[y];
  row.symmetric = field_->border == Border::kSymmetric;
  row.out = equations(stages_[i], y) + window_.half;
  row.out_pitch = pitch_;
  row.half = window_.half;
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
      make(std::min(y + kBlurred, stage.end) - 1 + half);
      for (int j = 0; j < 2 * half + kBlurred; ++j) lines_[j] = line(y - half + j);
      kernels_.blur(lines_.data(), window_.kernel.data(), half, floats, row.columns, row_floats_);
    }
    row.columns += k * row_floats_;
    row.kernel = window_.kernel.data();
  } else {
    make(y + half);
    if (y == 0 || (y + stage.ahead) % restart_ == 0) {
      std::fill_n(row.columns, floats, 0.0f);
      for (int j = y - half; j <= y + half; ++j) kernels_.add(row.columns, line(j), floats);
    } else {
      row.enters = line(y + half);
      row.leaves = line(y - half - 1);
    }
  }
  row.width = field_->width;
  row.half = half;
  row.pitch = pitch_;
  row.regular = window_.regular;
  row.scratch = scratch_.data();
  row.u = u;
  row.v = v;
  kernels_.solve(row);
  stage.next = y + 1;
}

}  // namespace infomotion::flow
