#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "runtime/random.h"
#include "select/swap.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::runtime;
using namespace infomotion::select;

namespace {

const Cancel kNever;

// Clips of three classes about centres of their own, in two groups a class.
struct Clips {
  std::size_t rows, dim;
  std::vector<float> values;
  std::vector<uint32_t> labels, groups;
  SwapInput input() const { return {{rows, dim, values.data()}, 3, labels.data(), groups.data()}; }
};

Clips make_clips(std::size_t rows, std::size_t dim, uint32_t seed) {
  Clips clips{rows, dim, {}, {}, {}};
  Random random(seed);
  for (std::size_t i = 0; i < rows; ++i) {
    const uint32_t label = random.below(6) / 2 == 0 ? 0 : 1 + random.below(2);  // classes of unequal size
    clips.labels.push_back(label);
    clips.groups.push_back(2 * label + random.below(2));
    for (std::size_t k = 0; k < dim; ++k)
      clips.values.push_back(static_cast<float>(3 * random.uniform() + (k % 3 == label ? 1.0 : 0.0)));
  }
  return clips;
}

// The first clip of each group.
std::vector<uint32_t> firsts(const Clips& clips) {
  std::vector<uint32_t> start;
  const auto begin = clips.groups.begin();
  for (uint32_t g = 0; g < 6; ++g)
    start.push_back(static_cast<uint32_t>(std::find(begin, clips.groups.end(), g) - begin));
  return start;
}

// Clips as students see them, and what each weighs: among all clips, or among the chosen ones.
struct Seen {
  std::vector<std::vector<double>> x;
  std::vector<double> balance;  // of each clip in the loss
  std::vector<double> weight;   // of each chosen clip

  double score(std::size_t i, const std::vector<double>& w) const {
    return std::inner_product(w.begin(), w.end(), x[i].begin(), 0.0);
  }
};

Seen seen(const Clips& clips, const std::vector<uint32_t>& chosen) {
  Seen seen;
  std::vector<double> size(3, 0.0), quota(3, 0.0);
  for (uint32_t label : clips.labels) size[label] += 1;
  for (uint32_t clip : chosen) quota[clips.labels[clip]] += 1;
  for (uint32_t label : clips.labels) seen.balance.push_back(1 / (3 * size[label]));
  for (uint32_t clip : chosen)
    seen.weight.push_back(static_cast<double>(chosen.size()) / (3 * quota[clips.labels[clip]]));
  seen.x.assign(clips.rows, std::vector<double>(clips.dim + 1, 1.0));
  std::vector<double> mean(clips.dim, 0.0);
  for (std::size_t i = 0; i < clips.rows; ++i)
    for (std::size_t k = 0; k < clips.dim; ++k) mean[k] += seen.balance[i] * clips.values[i * clips.dim + k];
  double squares = 0;
  for (std::size_t i = 0; i < clips.rows; ++i)
    for (std::size_t k = 0; k < clips.dim; ++k) {
      seen.x[i][k] = clips.values[i * clips.dim + k] - mean[k];
      squares += seen.balance[i] * seen.x[i][k] * seen.x[i][k];
    }
  for (auto& point : seen.x)
    for (std::size_t k = 0; k < clips.dim; ++k) point[k] /= std::sqrt(squares);
  return seen;
}

// The squared loss by its definition: coordinate descent on the ridge problem, then the errors of all clips.
double squared_by_definition(const Clips& clips, const std::vector<uint32_t>& chosen, double ridge) {
  const Seen all = seen(clips, chosen);
  double loss = 0, energy = 0;
  for (uint32_t c = 0; c < 3; ++c) {
    const auto target = [&](std::size_t i) { return (clips.labels[i] == c ? 1.0 : 0.0) - 1.0 / 3; };
    std::vector<double> w(clips.dim + 1, 0.0);
    for (int sweep = 0; sweep < 2000; ++sweep) {
      for (std::size_t k = 0; k < w.size(); ++k) {
        double top = 0, bottom = ridge;
        for (std::size_t s = 0; s < chosen.size(); ++s) {
          const std::vector<double>& x = all.x[chosen[s]];
          const double others = all.score(chosen[s], w) - w[k] * x[k];
          top += all.weight[s] * x[k] * (target(chosen[s]) - others);
          bottom += all.weight[s] * x[k] * x[k];
        }
        w[k] = top / bottom;
      }
    }
    for (std::size_t i = 0; i < clips.rows; ++i) {
      const double error = target(i) - all.score(i, w);
      loss += all.balance[i] * error * error;
      energy += all.balance[i] * target(i) * target(i);
    }
  }
  return loss / energy;
}

// The cross-entropy by its definition: eight steps against the bound of all chosen clips together, each solved for by
// coordinate descent, then the cross-entropy of all clips.
double cross_entropy_by_definition(const Clips& clips, const std::vector<uint32_t>& chosen, double ridge) {
  const Seen all = seen(clips, chosen);
  const std::size_t d = clips.dim + 1;
  std::vector<std::vector<double>> w(3, std::vector<double>(d, 0.0));
  const auto probability = [&](std::size_t i, uint32_t c) {
    double sum = 0;
    for (const auto& of : w) sum += std::exp(all.score(i, of));
    return std::exp(all.score(i, w[c])) / sum;
  };
  for (int step = 0; step < 8; ++step) {
    std::vector<std::vector<double>> next = w;
    for (uint32_t c = 0; c < 3; ++c) {
      std::vector<double> gradient(d), change(d, 0.0);
      for (std::size_t k = 0; k < d; ++k) {
        gradient[k] = ridge * w[c][k];
        for (std::size_t s = 0; s < chosen.size(); ++s)
          gradient[k] += all.weight[s] * all.x[chosen[s]][k] *
                         (probability(chosen[s], c) - (clips.labels[chosen[s]] == c ? 1 : 0));
      }
      for (int sweep = 0; sweep < 2000; ++sweep) {  // (sum v x x' / 2 + ridge) change = gradient
        for (std::size_t k = 0; k < d; ++k) {
          double top = gradient[k], bottom = ridge;
          for (std::size_t s = 0; s < chosen.size(); ++s) {
            const std::vector<double>& x = all.x[chosen[s]];
            top -= all.weight[s] / 2 * x[k] * (all.score(chosen[s], change) - x[k] * change[k]);
            bottom += all.weight[s] / 2 * x[k] * x[k];
          }
          change[k] = top / bottom;
        }
      }
      for (std::size_t k = 0; k < d; ++k) next[c][k] -= change[k];
    }
    w = next;
  }
  double loss = 0;
  for (std::size_t i = 0; i < clips.rows; ++i) loss -= all.balance[i] * std::log(probability(i, clips.labels[i]));
  return loss / std::log(3.0);
}

double loss_by_definition(const Clips& clips, const std::vector<uint32_t>& chosen, const SwapOptions& options) {
  return options.loss == SwapLoss::kSquared ? squared_by_definition(clips, chosen, options.ridge)
                                            : cross_entropy_by_definition(clips, chosen, options.softmax_ridge);
}

constexpr SwapLoss kLosses[] = {SwapLoss::kSquared, SwapLoss::kCrossEntropy};

SwapResult searched(const Clips& clips, const std::vector<uint32_t>& start, SwapOptions options) {
  SwapResult result;
  CHECK(swap_search(clips.input(), start, options, kNever, result).ok());
  return result;
}

}  // namespace

TEST("swap search: its losses are those of the definition, before and after") {
  const Clips clips = make_clips(60, 5, 1);
  for (SwapLoss loss : kLosses) {
    for (double ridge : {0.1, 0.3, 2.0}) {
      SwapOptions options;
      options.loss = loss;
      options.ridge = options.softmax_ridge = ridge;
      const std::vector<uint32_t> start = firsts(clips);
      const SwapResult found = searched(clips, start, options);
      CHECK(found.swaps > 0 && found.after < found.before);
      CHECK_NEAR(found.before, loss_by_definition(clips, start, options), 1e-9);
      CHECK_NEAR(found.after, loss_by_definition(clips, found.chosen, options), 1e-9);
    }
  }
}

TEST("swap search: ends where no exchange inside a group lowers the loss, each clip chosen once") {
  const Clips clips = make_clips(40, 3, 2);
  std::vector<uint32_t> start = firsts(clips);
  start.push_back(static_cast<uint32_t>(std::find(clips.groups.begin() + start[0] + 1, clips.groups.end(), 0u) -
                                        clips.groups.begin()));  // a second one of the first group
  for (SwapLoss loss : kLosses) {                                // no group has more clips than are tried
    SwapOptions options;
    options.loss = loss;
    options.passes = 100;
    const SwapResult found = searched(clips, start, options);
    for (std::size_t s = 0; s < start.size(); ++s) {
      CHECK(clips.groups[found.chosen[s]] == clips.groups[start[s]]);
      for (uint32_t i = 0; i < clips.rows; ++i) {
        if (std::count(found.chosen.begin(), found.chosen.end(), i) != 0) continue;
        if (clips.groups[i] != clips.groups[start[s]]) continue;
        std::vector<uint32_t> other = found.chosen;
        other[s] = i;
        CHECK(loss_by_definition(clips, other, options) > found.after - 1e-8);
      }
    }
    std::vector<uint32_t> once = found.chosen;
    std::sort(once.begin(), once.end());
    CHECK(std::unique(once.begin(), once.end()) == once.end());
  }
}

TEST("swap search: the same for any number of threads; no passes, no clips and one class change nothing") {
  const Clips clips = make_clips(700, 20, 3);
  const std::vector<uint32_t> start = firsts(clips);
  SwapOptions options;
  for (SwapLoss loss : kLosses) {
    options.loss = loss;
    options.threads = 1;
    const SwapResult one = searched(clips, start, options);
    CHECK(one.swaps > 0);
    for (std::size_t threads : {2, 4}) {
      options.threads = threads;
      const SwapResult more = searched(clips, start, options);
      CHECK(more.chosen == one.chosen);
      CHECK(more.after == one.after);
    }
  }
  options.passes = 0;
  CHECK(searched(clips, start, options).chosen == start);
  CHECK(searched(clips, {}, {}).chosen.empty());
  const std::vector<uint32_t> alike(clips.rows, 0);
  SwapResult single;
  const SwapInput one_class{{clips.rows, clips.dim, clips.values.data()}, 1, alike.data(), alike.data()};
  CHECK(swap_search(one_class, {3, 4}, {}, kNever, single).ok());
  CHECK((single.chosen == std::vector<uint32_t>{3, 4}));
}

TEST("swap search: cancelled") {
  Cancel cancel;
  cancel.request();
  const Clips clips = make_clips(50, 4, 4);
  SwapResult result;
  CHECK(swap_search(clips.input(), firsts(clips), {}, cancel, result).code == "ABORTED");
}
