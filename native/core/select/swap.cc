#include "select/swap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "runtime/thread_pool.h"
#include "select/dense.h"
#include "select/softmax.h"

namespace infomotion::select {
namespace {

constexpr std::size_t kBlock = 64;  // candidates a task takes
constexpr double kMinGain = 1e-9;   // of the loss: less than that is rounding
// By cross-entropy each candidate takes a training: of a group only so many are tried, those of the least squared loss,
// as many as let a pass take about so many multiplications and additions (10 to 20 s of one core).
constexpr double kPassWork = 2e10;
constexpr std::size_t kLeastTried = 4, kMostTried = 32;

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
    const std::size_t from = input.judged, n = input.points.rows;
    std::vector<double> count(input.classes, 0.0);
    for (std::size_t i = from; i < n; ++i) count[input.labels[i]] += 1;
    balance_ = balanced(count);
    standardise();

    gram_ = Dense(dim_, dim_);
    moments_ = Dense(dim_, input.classes);
    runtime::parallel_for(dim_, threads, [&](std::size_t a) {
      for (std::size_t i = from; i < n && !cancel.requested(); ++i) {
        const double weighted = balance_[input.labels[i]] * points_.row(i)[a];
        add(gram_.row(a), weighted, points_.row(i), dim_);
        for (std::size_t c = 0; c < input.classes; ++c) moments_.row(a)[c] += weighted * target(i, c);
      }
    });
    for (std::size_t i = from; i < n; ++i)
      for (std::size_t c = 0; c < input.classes; ++c)
        energy_ += balance_[input.labels[i]] * target(i, c) * target(i, c);
  }

  StudentClips clips() const { return {points_, input_.labels, input_.classes, balance_, input_.judged}; }

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
    for (std::size_t i = input_.judged; i < n; ++i)
      for (std::size_t k = 0; k < d; ++k) mean[k] += balance_[input_.labels[i]] * input_.points.values[i * d + k];
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double* x = points_.row(i);
      for (std::size_t k = 0; k < d; ++k) x[k] = input_.points.values[i * d + k] - mean[k];
      if (i >= input_.judged) squares += balance_[input_.labels[i]] * dot(x, x, d);
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

// The losses with each candidate (those that are taken: as they are), by either student.
class Trials {
 public:
  Trials(const SwapInput& input, const SwapOptions& options, const runtime::Cancel& cancel)
      : options_(options), cancel_(cancel), ridge_(input, options.ridge, options.threads, cancel) {
    if (options.loss == SwapLoss::kCrossEntropy) softmax_.emplace(ridge_.clips(), options.softmax_ridge);
  }

  void leave_out(const std::vector<uint32_t>& chosen, std::size_t slot) {
    ridge_.leave_out(chosen, slot);
    if (!softmax_) return;
    softmax_->leave_out(chosen, slot);
    const double work = softmax_->work(chosen.size()) * static_cast<double>(chosen.size());
    tried_ = static_cast<std::size_t>(std::clamp(kPassWork / work, double{kLeastTried}, double{kMostTried}));
  }

  double loss_with(uint32_t clip) const { return softmax_ ? softmax_->loss_with(clip) : ridge_.loss_with(clip); }

  // The candidate of the least loss, the first of equals; `clip` and `loss` stay where none is better.
  void best(const std::vector<uint32_t>& candidates, const std::vector<uint8_t>& taken, uint32_t* clip, double* loss) {
    std::vector<uint32_t> left;
    for (uint32_t candidate : candidates)
      if (!taken[candidate]) left.push_back(candidate);
    if (softmax_ && left.size() > tried_) {
      measure(left, [&](uint32_t candidate) { return ridge_.loss_with(candidate); });
      std::vector<std::size_t> order(left.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return losses_[a] < losses_[b]; });
      order.resize(tried_);
      std::sort(order.begin(), order.end());
      for (std::size_t i = 0; i < tried_; ++i) left[i] = left[order[i]];
      left.resize(tried_);
    }
    measure(left, [&](uint32_t candidate) { return loss_with(candidate); });
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!(losses_[i] < *loss)) continue;
      *loss = losses_[i];
      *clip = left[i];
    }
  }

 private:
  template <typename Loss>
  void measure(const std::vector<uint32_t>& candidates, Loss loss) {
    const std::size_t block = softmax_ ? 1 : kBlock;
    losses_.assign(candidates.size(), std::numeric_limits<double>::infinity());
    runtime::parallel_for((candidates.size() + block - 1) / block, options_.threads, [&](std::size_t part) {
      const std::size_t end = std::min(candidates.size(), (part + 1) * block);
      for (std::size_t i = part * block; i < end && !cancel_.requested(); ++i) losses_[i] = loss(candidates[i]);
    });
  }

  const SwapOptions& options_;
  const runtime::Cancel& cancel_;
  Student ridge_;
  std::optional<SoftmaxStudent> softmax_;
  std::size_t tried_ = 0;
  std::vector<double> losses_;
};

}  // namespace

runtime::Status swap_search(const SwapInput& input, const std::vector<uint32_t>& start, const SwapOptions& options,
                            const runtime::Cancel& cancel, SwapResult& result) {
  result = {start, 0, 0, 0};
  if (start.empty() || input.classes < 2) return {};
  Trials trials(input, options, cancel);
  std::vector<uint8_t> taken(input.points.rows, 0);
  for (uint32_t clip : start) taken[clip] = 1;
  std::vector<std::vector<uint32_t>> members;
  for (std::size_t i = 0; i < input.points.rows; ++i) {
    if (members.size() <= input.groups[i]) members.resize(input.groups[i] + 1);
    members[input.groups[i]].push_back(static_cast<uint32_t>(i));
  }

  bool moved = true;
  for (std::size_t pass = 0; pass < options.passes && moved; ++pass) {
    moved = false;
    for (std::size_t slot = 0; slot < start.size(); ++slot) {
      if (cancel.requested()) return runtime::Status::cancelled();
      trials.leave_out(result.chosen, slot);
      uint32_t& here = result.chosen[slot];
      const double loss = trials.loss_with(here);
      if (pass == 0 && slot == 0) result.before = loss;
      result.after = loss;
      uint32_t found = here;
      double least = loss;
      trials.best(members[input.groups[here]], taken, &found, &least);
      if (!(least < loss * (1 - kMinGain))) continue;
      taken[here] = 0;
      here = found;
      taken[here] = 1;
      result.after = least;
      ++result.swaps;
      moved = true;
    }
  }
  return cancel.requested() ? runtime::Status::cancelled() : runtime::Status{};
}

}  // namespace infomotion::select
