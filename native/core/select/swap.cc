#include "select/swap.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/thread_pool.h"

namespace infomotion::select {
namespace {

constexpr std::size_t kBlock = 64;  // candidates a task takes
constexpr double kMinGain = 1e-9;   // of the loss: less than that is rounding

// A dense matrix in double, row by row.
struct Dense {
  std::size_t columns = 0;
  std::vector<double> values;
  Dense() = default;
  Dense(std::size_t rows, std::size_t columns) : columns(columns), values(rows * columns, 0.0) {}
  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }
  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

double dot(const double* a, const double* b, std::size_t n) {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}

// row += factor * other
void add(double* row, double factor, const double* other, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) row[k] += factor * other[k];
}

Dense product(const Dense& a, const Dense& b) {
  Dense result(a.rows(), b.columns);
  for (std::size_t i = 0; i < a.rows(); ++i)
    for (std::size_t k = 0; k < a.columns; ++k) add(result.row(i), a.row(i)[k], b.row(k), b.columns);
  return result;
}

// The inverse of a symmetric positive definite matrix, by Gauss and Jordan (no pivots are needed for such).
Dense inverse(Dense a) {
  const std::size_t n = a.columns;
  Dense result(n, n);
  for (std::size_t i = 0; i < n; ++i) result.row(i)[i] = 1;
  for (std::size_t p = 0; p < n; ++p) {
    const double scale = 1 / a.row(p)[p];
    for (std::size_t k = 0; k < n; ++k) {
      a.row(p)[k] *= scale;
      result.row(p)[k] *= scale;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double factor = a.row(i)[p];
      if (i == p || factor == 0) continue;
      add(a.row(i), -factor, a.row(p), n);
      add(result.row(i), -factor, result.row(p), n);
    }
  }
  return result;
}

// Of classes with so many clips each, the weight of a clip with which all classes weigh the same and all clips 1.
std::vector<double> balanced(const std::vector<double>& count) {
  double present = 0;
  for (double c : count) present += c > 0;
  std::vector<double> weight;
  weight.reserve(count.size());
  for (double c : count) weight.push_back(c > 0 ? 1 / (present * c) : 0);
  return weight;
}

// What the loss needs to know of all clips, and what the ridge classifier needs of one.
class Student {
 public:
  Student(const SwapInput& input, double ridge, std::size_t threads, const runtime::Cancel& cancel)
      : input_(input), ridge_(ridge), dim_(input.points.dim + 1) {
    const std::size_t n = input.points.rows;
    std::vector<double> count(input.classes, 0.0);
    for (std::size_t i = 0; i < n; ++i) count[input.labels[i]] += 1;
    balance_ = balanced(count);
    standardise();

    gram_ = Dense(dim_, dim_);
    moments_ = Dense(dim_, input.classes);
    runtime::parallel_for(dim_, threads, [&](std::size_t a) {
      for (std::size_t i = 0; i < n && !cancel.requested(); ++i) {
        const double weighted = balance_[input.labels[i]] * points_.row(i)[a];
        add(gram_.row(a), weighted, points_.row(i), dim_);
        for (std::size_t c = 0; c < input.classes; ++c) moments_.row(a)[c] += weighted * target(i, c);
      }
    });
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t c = 0; c < input.classes; ++c)
        energy_ += balance_[input.labels[i]] * target(i, c) * target(i, c);
  }

  // Trains on the chosen clips but that in `slot`, and lays out what candidates for it are judged by.
  void leave_out(const std::vector<uint32_t>& chosen, std::size_t slot) {
    std::vector<double> count(input_.classes, 0.0);
    for (uint32_t clip : chosen) count[input_.labels[clip]] += 1;
    const std::vector<double> balance = balanced(count);
    const auto weight = [&](uint32_t clip) {
      return static_cast<double>(chosen.size()) * balance[input_.labels[clip]];
    };
    Dense normal(dim_, dim_), right(dim_, input_.classes);
    for (std::size_t a = 0; a < dim_; ++a) normal.row(a)[a] = ridge_;
    for (std::size_t s = 0; s < chosen.size(); ++s) {
      if (s == slot) continue;
      const double* x = points_.row(chosen[s]);
      for (std::size_t a = 0; a < dim_; ++a) {
        const double weighted = weight(chosen[s]) * x[a];
        add(normal.row(a), weighted, x, dim_);
        for (std::size_t c = 0; c < input_.classes; ++c) right.row(a)[c] += weighted * target(chosen[s], c);
      }
    }
    weight_ = weight(chosen[slot]);
    inverse_ = inverse(std::move(normal));
    rest_ = product(inverse_, right);
    const Dense through = product(inverse_, gram_);
    square_ = product(through, inverse_);
    Dense residual = product(gram_, rest_);
    base_ = energy_;
    for (std::size_t a = 0; a < dim_; ++a) {
      for (std::size_t c = 0; c < input_.classes; ++c) {
        base_ += rest_.row(a)[c] * (residual.row(a)[c] - 2 * moments_.row(a)[c]);
        residual.row(a)[c] -= moments_.row(a)[c];
      }
    }
    slope_ = product(inverse_, residual);
  }

  // The loss with `clip` in the place left out. With P the inverse of the normal matrix of the others and W their
  // coefficients, the clip adds u e' to W: u = P x, e = v (y - W' x) / (1 + v x' P x) (Sherman and Morrison). Hence
  // loss = loss(W) + 2 e . S' x + |e|^2 x' P G P x, with S = P (G W - M), G and M the moments of all clips.
  double loss_with(uint32_t clip) const {
    const double* x = points_.row(clip);
    double form = 0, square = 0;
    for (std::size_t a = 0; a < dim_; ++a) {
      form += x[a] * dot(inverse_.row(a), x, dim_);
      square += x[a] * dot(square_.row(a), x, dim_);
    }
    double along = 0, length = 0;
    for (std::size_t c = 0; c < input_.classes; ++c) {
      double predicted = 0, slope = 0;
      for (std::size_t a = 0; a < dim_; ++a) {
        predicted += rest_.row(a)[c] * x[a];
        slope += slope_.row(a)[c] * x[a];
      }
      const double error = weight_ * (target(clip, c) - predicted) / (1 + weight_ * form);
      along += error * slope;
      length += error * error;
    }
    return (base_ + 2 * along + length * square) / energy_;
  }

 private:
  double target(std::size_t clip, std::size_t c) const {
    return (input_.labels[clip] == c ? 1.0 : 0.0) - 1.0 / static_cast<double>(input_.classes);
  }

  // The points, centred, scaled to mean squared length 1 (each class counting alike), with a 1 appended.
  void standardise() {
    const std::size_t n = input_.points.rows, d = input_.points.dim;
    points_ = Dense(n, dim_);
    std::vector<double> mean(d, 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < d; ++k) mean[k] += balance_[input_.labels[i]] * input_.points.values[i * d + k];
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double* x = points_.row(i);
      for (std::size_t k = 0; k < d; ++k) x[k] = input_.points.values[i * d + k] - mean[k];
      squares += balance_[input_.labels[i]] * dot(x, x, d);
    }
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < d; ++k) points_.row(i)[k] *= scale;
      points_.row(i)[d] = 1;
    }
  }

  const SwapInput& input_;
  const double ridge_;
  const std::size_t dim_;
  std::vector<double> balance_;  // weight of a clip of each class in the loss; all clips together weigh 1
  Dense points_;
  Dense gram_, moments_;                   // G = sum b x x', M = sum b x y'
  double energy_ = 0;                      // sum b |y|^2: the loss of no coefficients at all
  Dense inverse_, rest_, square_, slope_;  // P, W, P G P, S, without the slot left out
  double base_ = 0, weight_ = 0;
};

}  // namespace

runtime::Status swap_search(const SwapInput& input, const std::vector<uint32_t>& start, const SwapOptions& options,
                            const runtime::Cancel& cancel, SwapResult& result) {
  result = {start, 0, 0, 0};
  if (start.empty() || input.classes < 2) return {};
  Student student(input, options.ridge, options.threads, cancel);
  std::vector<uint8_t> taken(input.points.rows, 0);
  for (uint32_t clip : start) taken[clip] = 1;
  std::vector<std::vector<uint32_t>> members;
  for (std::size_t i = 0; i < input.points.rows; ++i) {
    if (members.size() <= input.groups[i]) members.resize(input.groups[i] + 1);
    members[input.groups[i]].push_back(static_cast<uint32_t>(i));
  }

  std::vector<double> losses;
  bool moved = true;
  for (std::size_t pass = 0; pass < options.passes && moved; ++pass) {
    moved = false;
    for (std::size_t slot = 0; slot < start.size(); ++slot) {
      if (cancel.requested()) return runtime::Status::cancelled();
      student.leave_out(result.chosen, slot);
      uint32_t& here = result.chosen[slot];
      const double loss = student.loss_with(here);
      if (pass == 0 && slot == 0) result.before = loss;
      result.after = loss;
      const std::vector<uint32_t>& candidates = members[input.groups[here]];
      losses.assign(candidates.size(), loss);
      runtime::parallel_for((candidates.size() + kBlock - 1) / kBlock, options.threads, [&](std::size_t block) {
        const std::size_t end = std::min(candidates.size(), (block + 1) * kBlock);
        for (std::size_t i = block * kBlock; i < end && !cancel.requested(); ++i)
          if (!taken[candidates[i]]) losses[i] = student.loss_with(candidates[i]);
      });
      const std::size_t best = std::min_element(losses.begin(), losses.end()) - losses.begin();
      if (!(losses[best] < loss * (1 - kMinGain))) continue;
      taken[here] = 0;
      here = candidates[best];
      taken[here] = 1;
      result.after = losses[best];
      ++result.swaps;
      moved = true;
    }
  }
  return cancel.requested() ? runtime::Status::cancelled() : runtime::Status{};
}

}  // namespace infomotion::select
