#include "infomap/visit_rates.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "infomap/component_rates.h"

namespace infomotion::infomap {
namespace {

constexpr double kPrecision = 1e-13;
constexpr double kMinRate = 0.01;  // of teleportation, for successive over-relaxation
constexpr int kMaxPasses = 4000;   // what plain Gauss-Seidel takes at that rate in the worst case

// Kahan's compensated summation: exact to the last bit or two, for any number of terms (W. Kahan, "Further remarks on
// reducing truncation errors", Comm. ACM 8, 40 (1965)). The error of a plain sum of all rates would differ from pass to
// pass, and the passes would not converge.
class Sum {
 public:
  void add(double value) {
    const double term = value - compensation_, sum = sum_ + term;
    compensation_ = (sum - sum_) - term;
    sum_ = sum;
  }
  double value() const { return sum_; }

 private:
  double sum_ = 0, compensation_ = 0;
};

// The equations, one row per node: from which nodes the walker comes along links, and with what share of their rates.
// Nodes keep their order, except that those of one block are sorted by the length of their rows: the processor predicts
// the end of a row that is as long as the one before.
struct Rows {
  static constexpr uint32_t kBlock = 1 << 11, kLongest = 255;

  std::vector<uint32_t> order;  // the node of each row
  std::vector<std::size_t> offsets;
  std::vector<uint32_t> sources;      // numbered by their rows
  std::vector<double> shares;         // (1 - rate_i) p_ij
  std::vector<double> own;            // the share of each row's node in its own rate (self-links)
  std::vector<double> rate, landing;  // of each row
  double most_followed = 0;           // max (1 - rate_i)

  Rows(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation) {
    const uint32_t n = flow.nodes;
    std::vector<uint32_t> length(n);
    for (const uint32_t v : flow.targets) ++length[v];
    order.resize(n);
    for (uint32_t first = 0; first < n; first += kBlock) sort_block(first, std::min(n - first, kBlock), length);
    std::vector<uint32_t> row(n);
    offsets.resize(n + std::size_t{1});
    for (uint32_t k = 0; k < n; ++k) {
      row[order[k]] = k;
      offsets[k + 1] = offsets[k] + length[order[k]];
    }
    std::vector<std::size_t> place(offsets.begin(), offsets.end() - 1);
    sources.resize(flow.targets.size());
    shares.resize(flow.targets.size());
    own.resize(n);
    for (uint32_t u = 0; u < n; ++u) {
      const double followed = 1 - teleportation.rate[u];
      most_followed = std::max(most_followed, followed);
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
        const uint32_t v = row[flow.targets[i]];
        const std::size_t at = place[v]++;
        sources[at] = row[u];
        shares[at] = followed * steps[i];
        if (v == row[u]) own[v] = shares[at];
      }
    }
    rate.resize(n);
    landing.resize(n);
    for (uint32_t k = 0; k < n; ++k) {
      rate[k] = teleportation.rate[order[k]];
      landing[k] = teleportation.landing[order[k]];
    }
  }

  // The rate at which the walker comes along links into the node of row k.
  double arriving(uint32_t k, const std::vector<double>& rates) const {
    double sums[4] = {};
    std::size_t i = offsets[k];
    const std::size_t end = offsets[k + 1];
    for (; i + 4 <= end; i += 4)
      for (std::size_t j = 0; j < 4; ++j) sums[j] += shares[i + j] * rates[sources[i + j]];
    for (; i < end; ++i) sums[0] += shares[i] * rates[sources[i]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  double teleporting(const std::vector<double>& rates) const {
    Sum sum;
    for (std::size_t k = 0; k < rates.size(); ++k) sum.add(rate[k] * rates[k]);
    return sum.value();
  }

 private:
  // Sorts a block of nodes by the length of their rows, longest first (counting sort).
  void sort_block(uint32_t first, uint32_t count, const std::vector<uint32_t>& length) {
    uint32_t place[kLongest + 2] = {};
    const auto rank = [&](uint32_t u) { return kLongest - std::min(length[u], kLongest); };
    for (uint32_t u = first; u < first + count; ++u) ++place[rank(u) + 1];
    for (uint32_t l = 0; l < kLongest; ++l) place[l + 1] += place[l];
    for (uint32_t u = first; u < first + count; ++u) order[first + place[rank(u)]++] = u;
  }
};

// The relaxation factor to go on with, for a network whose changes fall by a factor `fall` per pass under `omega`. D.
// M. Young, "Iterative methods for solving partial difference equations of elliptic type", Trans. Amer. Math. Soc. 76,
// 92 (1954): if Gauss-Seidel's factor is g, SOR's is f with (f + omega - 1)^2 = g f omega^2, and the best omega is 2 /
// (1 + sqrt(1 - g)). That holds for consistently ordered systems; for others it is a good guess.
double over_relaxation(double omega, double fall, double most_followed) {
  if (fall <= omega - 1) return omega;
  const double over = fall + omega - 1, gauss_seidel = over * over / (fall * omega * omega);
  return std::max(omega, 2 / (1 + std::sqrt(1 - std::min(gauss_seidel, most_followed * most_followed))));
}

// Successive over-relaxation: each node in turn is set from the current rates of the others. The rate of teleportation
// is the one at the start of the pass. With omega = 1 (Gauss-Seidel) this converges from any start: it is a regular
// splitting of the M-matrix I - G of the walk's transition matrix G, so the pass is similar to a stochastic matrix, all
// of whose columns share the nodes where teleportation lands (A. Berman, R. J. Plemmons, "Nonnegative matrices in the
// mathematical sciences", 1979, ch. 7). With omega > 1 it is faster where it converges; if changes fall more slowly
// than the walk itself allows, omega goes back to 1.
//
// At the end of a pass with changes d the equations are off by at most (|1 - 1/omega| + f) |d|, f = max(1 - rate_i),
// and the inverse of their matrix is at most 1 / (1 - f), as its columns sum to that (all in the 1-norm): a bound of
// the error.
runtime::Status relax(const Rows& rows, const runtime::Cancel& cancel, std::vector<double>& rates) {
  const auto n = static_cast<uint32_t>(rates.size());
  double omega = 1, teleporting = rows.teleporting(rates);
  double least = HUGE_VAL, fourth_last = 0, allowed = HUGE_VAL;
  int adapting = 3, stalled = 0;
  for (int pass = 1; pass <= kMaxPasses; ++pass) {
    if (cancel.requested()) return runtime::Status::cancelled();
    double changed = 0, sum = 0;
    Sum will_teleport;
    for (uint32_t k = 0; k < n; ++k) {
      const double off = teleporting * rows.landing[k] + rows.arriving(k, rates) - rates[k];
      const double value = std::max(0.0, rates[k] + omega * off / (1 - rows.own[k]));
      changed += std::fabs(value - rates[k]);
      sum += value;
      will_teleport.add(rows.rate[k] * value);
      rates[k] = value;
    }
    teleporting = will_teleport.value();
    const double change = changed / sum, f = rows.most_followed;
    const double error = (std::fabs(1 - 1 / omega) + f) / (1 - f) * change;
    stalled = change < least ? 0 : stalled + 1;
    least = std::min(least, change);
    if (error <= kPrecision || (change <= kPrecision && stalled >= 20)) {  // only rounding errors are left
      if (omega == 1) return {};
      omega = 1;  // one more pass: over-relaxation may have left a visited node at 0
      adapting = 0;
    }
    allowed *= f;
    if (change > allowed) {
      omega = 1;
      adapting = 0;
    }
    if (pass % 4 != 0) continue;
    if (pass % 8 == 0 && adapting > 0) {
      --adapting;
      omega = over_relaxation(omega, std::sqrt(std::sqrt(change / fourth_last)), f);
      allowed = 10 * change;
    }
    fourth_last = change;
  }
  return {};
}

}  // namespace

runtime::Status visit_rates(const Flow& flow, const std::vector<double>& steps, const Teleportation& teleportation,
                            const runtime::Cancel& cancel, std::vector<double>& rates) {
  const double least =
      teleportation.rate.empty() ? 1 : *std::min_element(teleportation.rate.begin(), teleportation.rate.end());
  rates.assign(flow.nodes, 0);
  if (least < kMinRate) {
    runtime::Status status = component_rates(flow, steps, teleportation, cancel, rates);
    if (!status.ok()) return status;
  } else {
    const Rows rows(flow, steps, teleportation);
    std::vector<double> by_row = rows.landing;
    runtime::Status status = relax(rows, cancel, by_row);
    if (!status.ok()) return status;
    for (uint32_t k = 0; k < flow.nodes; ++k) rates[rows.order[k]] = by_row[k];
  }
  Sum total;
  for (const double rate : rates) total.add(rate);
  for (double& rate : rates) rate /= total.value();
  return {};
}

}  // namespace infomotion::infomap
