#include "infomap/elimination.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace infomotion::infomap {
namespace {

struct Step {
  uint32_t state;
  double probability;
};

class Elimination {
 public:
  explicit Elimination(const Chain& chain)
      : out_(chain.states),
        in_(chain.states),
        leaving_(chain.leaving),
        arriving_(chain.arriving),
        place_(chain.states, kNone) {
    for (uint32_t i = 0; i < chain.states; ++i) {
      for (std::size_t k = chain.offsets[i]; k < chain.offsets[i + 1]; ++k) {
        if (chain.targets[k] == i || chain.steps[k] == 0) continue;
        out_[i].push_back({chain.targets[k], chain.steps[k]});
        in_[chain.targets[k]].push_back(i);
      }
    }
  }

  bool run(double most_work, bool closed, const runtime::Cancel& cancel, std::vector<double>& visits) {
    const auto n = static_cast<uint32_t>(out_.size());
    for (uint32_t i = 0; i < n; ++i) push(i);
    double work = 0;
    while (done_.size() + 1 < n) {
      const auto [cost, k] = next_.top();
      next_.pop();
      if (in_[k].empty() && out_[k].empty()) continue;  // it is gone
      if (cost != this->cost(k)) continue;              // it stands there again
      work += static_cast<double>(cost);
      if (work > most_work || cancel.requested()) return false;
      remove(k);
    }
    visits.assign(n, 0);
    uint32_t last = 0;
    std::vector<uint8_t> gone(n);
    for (const Gone& state : done_) gone[state.number] = 1;
    while (gone[last] != 0) ++last;
    visits[last] = closed ? 1 : arriving_[last] / leaving_[last];
    for (std::size_t d = done_.size(); d-- > 0;) {
      double sum = closed ? 0 : done_[d].arriving;
      for (const Step& from : done_[d].from) sum += visits[from.state] * from.probability;
      visits[done_[d].number] = sum / done_[d].left;
    }
    return true;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Gone {
    uint32_t number;
    double left, arriving;  // the probability of a step to another state; how often the walk arrives from outside
    std::vector<Step> from;
  };

  uint64_t cost(uint32_t k) const { return (in_[k].size() + 1) * uint64_t{out_[k].size() + 1}; }
  void push(uint32_t k) { next_.emplace(cost(k), k); }

  // What went through state k goes straight on to where it leads.
  void remove(uint32_t k) {
    Gone gone{k, leaving_[k], arriving_[k], {}};
    for (const Step& to : out_[k]) gone.left += to.probability;
    gone.left = std::max(gone.left, 1e-300);  // where all of them are too small for a double
    const double left = gone.left;
    for (const uint32_t i : in_[k]) {
      std::vector<Step>& row = out_[i];
      for (uint32_t at = 0; at < row.size(); ++at) place_[row[at].state] = at;
      const double through = row[place_[k]].probability;
      gone.from.push_back({i, through});
      const double share = through / left;
      leaving_[i] += share * leaving_[k];
      for (const Step& to : out_[k]) {
        if (to.state == i) continue;
        if (place_[to.state] != kNone) {
          row[place_[to.state]].probability += share * to.probability;
        } else {
          row.push_back({to.state, share * to.probability});
          in_[to.state].push_back(i);
        }
      }
      const uint32_t at = place_[k];
      for (const Step& step : row) place_[step.state] = kNone;
      row[at] = row.back();
      row.pop_back();
    }
    for (const Step& to : out_[k]) {
      arriving_[to.state] += arriving_[k] * to.probability / left;
      std::vector<uint32_t>& in = in_[to.state];
      *std::find(in.begin(), in.end(), k) = in.back();
      in.pop_back();
    }
    for (const uint32_t i : in_[k]) push(i);
    for (const Step& to : out_[k]) push(to.state);
    std::vector<uint32_t>().swap(in_[k]);
    std::vector<Step>().swap(out_[k]);
    done_.push_back(std::move(gone));
  }

  std::vector<std::vector<Step>> out_;
  std::vector<std::vector<uint32_t>> in_;
  std::vector<double> leaving_, arriving_;
  std::vector<uint32_t> place_;  // of a target in the row at hand
  using Entry = std::pair<uint64_t, uint32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> next_;
  std::vector<Gone> done_;
};

}  // namespace

bool eliminate(const Chain& chain, double most_work, const runtime::Cancel& cancel, std::vector<double>& visits) {
  return Elimination(chain).run(most_work, chain.closed, cancel, visits);
}

}  // namespace infomotion::infomap
