#include "flow/iterations.h"

#include <algorithm>
#include <cstddef>

namespace infomotion::flow {
namespace {

// The running sum down the columns starts anew at multiples of so many rows: rounding errors do not pile up, and a
// band that begins at such a row is computed as if the rows above had been.
int restart_rows(int half) {
  int rows = 16;
  while (rows < half) rows *= 2;
  return rows;
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
      lines_(2 * window.half + 1) {
  const int pitch = stretch(width, window.half), row = equation_floats(pitch);
  for (Stage& stage : stages_) {
    stage.ring.resize(static_cast<std::size_t>(std::min(2 * window.half + 2, height)) * row);
    stage.columns.resize(row);
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
  ring_rows_ = std::min(2 * window_.half + 2, field.height);
  begin_stages(count, begin);
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

// Each stage begins as many rows above the next as its window reaches, at a row where sums start anew.
void Iterations::begin_stages(int count, int begin) {
  for (int i = count; i-- > 0;) {
    Stage& stage = stages_[i];
    begin -= begin % restart_;
    stage.next = begin;
    begin = stage.made = std::max(begin - window_.half, 0);
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
  row.trust_x = field_->trust_x;
  row.trust_y = field_->trust_y[y];
  row.symmetric = field_->border == Border::kSymmetric;
  const int half = window_.half, width = field_->width;
  float* out = equations(stages_[i], y);
  row.out = out + half;
  row.out_pitch = pitch_;
  kernels_.equations(row);
  for (int e = 0; e < kEquations; ++e, out += pitch_) {
    std::fill(out, out + half, out[half]);
    std::fill(out + half + width, out + pitch_, out[half + width - 1]);
  }
}

void Iterations::solve_row(int i, int y, float* u, float* v) {
  Stage& stage = stages_[i];
  const int half = window_.half, bottom = field_->height - 1, floats = kEquations * pitch_;
  for (const int last = std::min(y + half, bottom); stage.made <= last; ++stage.made) make_equations(i, stage.made);
  const auto line = [&](int j) { return equations(stage, std::clamp(j, 0, bottom)); };
  float* columns = stage.columns.data();
  if (!window_.kernel.empty()) {
    for (int j = -half; j <= half; ++j) lines_[half + j] = line(y + j);
    kernels_.blur(lines_.data(), window_.kernel.data(), half, floats, columns);
  } else if (y % restart_ == 0) {
    std::fill_n(columns, floats, 0.0f);
    for (int j = y - half; j <= y + half; ++j) kernels_.add(columns, line(j), floats);
  } else {
    kernels_.slide(columns, line(y + half), line(y - half - 1), floats);
  }
  WindowRow row;
  row.width = field_->width;
  row.half = half;
  row.columns = columns;
  row.pitch = pitch_;
  row.kernel = window_.kernel.empty() ? nullptr : window_.kernel.data();
  row.regular = window_.regular;
  row.scratch = scratch_.data();
  row.u = u;
  row.v = v;
  kernels_.solve(row);
  stage.next = y + 1;
}

}  // namespace infomotion::flow
