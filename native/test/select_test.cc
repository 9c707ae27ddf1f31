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

// The loss by its definition: coordinate descent on the ridge problem, then the errors of all clips.
double loss_by_definition(const Clips& clips, const std::vector<uint32_t>& chosen, double ridge) {
  const std::size_t d = clips.dim + 1;
  std::vector<double> size(3, 0.0), quota(3, 0.0);
  for (uint32_t label : clips.labels) size[label] += 1;
  for (uint32_t clip : chosen) quota[clips.labels[clip]] += 1;
  const auto balance = [&](std::size_t i) { return 1 / (3 * size[clips.labels[i]]); };
  std::vector<std::vector<double>> x(clips.rows, std::vector<double>(d, 1.0));
  std::vector<double> mean(clips.dim, 0.0);
  for (std::size_t i = 0; i < clips.rows; ++i)
    for (std::size_t k = 0; k < clips.dim; ++k) mean[k] += balance(i) * clips.values[i * clips.dim + k];
  double squares = 0;
  for (std::size_t i = 0; i < clips.rows; ++i)
    for (std::size_t k = 0; k < clips.dim; ++k) {
      x[i][k] = clips.values[i * clips.dim + k] - mean[k];
      squares += balance(i) * x[i][k] * x[i][k];
    }
  for (auto& point : x)
    for (std::size_t k = 0; k < clips.dim; ++k) point[k] /= std::sqrt(squares);
  double loss = 0, energy = 0;
  for (uint32_t c = 0; c < 3; ++c) {
    const auto target = [&](std::size_t i) { return (clips.labels[i] == c ? 1.0 : 0.0) - 1.0 / 3; };
    std::vector<double> w(d, 0.0);
    for (int sweep = 0; sweep < 2000; ++sweep) {
      for (std::size_t k = 0; k < d; ++k) {
        double top = 0, bottom = ridge;
        for (uint32_t s : chosen) {
          const double v = static_cast<double>(chosen.size()) / (3 * quota[clips.labels[s]]);
          const double others = std::inner_product(w.begin(), w.end(), x[s].begin(), 0.0) - w[k] * x[s][k];
          top += v * x[s][k] * (target(s) - others);
          bottom += v * x[s][k] * x[s][k];
        }
        w[k] = top / bottom;
      }
    }
    for (std::size_t i = 0; i < clips.rows; ++i) {
      const double error = target(i) - std::inner_product(w.begin(), w.end(), x[i].begin(), 0.0);
      loss += balance(i) * error * error;
      energy += balance(i) * target(i) * target(i);
    }
  }
  return loss / energy;
}

SwapResult searched(const Clips& clips, const std::vector<uint32_t>& start, SwapOptions options) {
  SwapResult result;
  CHECK(swap_search(clips.input(), start, options, kNever, result).ok());
  return result;
}

}  // namespace

TEST("swap search: its losses are those of the definition, before and after") {
  const Clips clips = make_clips(60, 5, 1);
  for (double ridge : {0.1, 0.3, 2.0}) {
    SwapOptions options;
    options.ridge = ridge;
    const std::vector<uint32_t> start = firsts(clips);
    const SwapResult found = searched(clips, start, options);
    CHECK(found.swaps > 0 && found.after < found.before);
    CHECK_NEAR(found.before, loss_by_definition(clips, start, ridge), 1e-9);
    CHECK_NEAR(found.after, loss_by_definition(clips, found.chosen, ridge), 1e-9);
  }
}

TEST("swap search: ends where no exchange inside a group lowers the loss, each clip chosen once") {
  const Clips clips = make_clips(40, 3, 2);
  std::vector<uint32_t> start = firsts(clips);
  start.push_back(static_cast<uint32_t>(std::find(clips.groups.begin() + start[0] + 1, clips.groups.end(), 0u) -
                                        clips.groups.begin()));  // a second one of the first group
  SwapOptions options;
  options.passes = 100;
  const SwapResult found = searched(clips, start, options);
  for (std::size_t s = 0; s < start.size(); ++s) {
    CHECK(clips.groups[found.chosen[s]] == clips.groups[start[s]]);
    for (uint32_t i = 0; i < clips.rows; ++i) {
      if (std::count(found.chosen.begin(), found.chosen.end(), i) != 0) continue;
      if (clips.groups[i] != clips.groups[start[s]]) continue;
      std::vector<uint32_t> other = found.chosen;
      other[s] = i;
      CHECK(loss_by_definition(clips, other, options.ridge) > found.after - 1e-8);
    }
  }
  std::vector<uint32_t> once = found.chosen;
  std::sort(once.begin(), once.end());
  CHECK(std::unique(once.begin(), once.end()) == once.end());
}

TEST("swap search: the same for any number of threads; no passes, no clips and one class change nothing") {
  const Clips clips = make_clips(700, 20, 3);
  const std::vector<uint32_t> start = firsts(clips);
  SwapOptions options;
  options.threads = 1;
  const SwapResult one = searched(clips, start, options);
  for (std::size_t threads : {2, 4}) {
    options.threads = threads;
    const SwapResult more = searched(clips, start, options);
    CHECK(more.chosen == one.chosen);
    CHECK(more.after == one.after);
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
