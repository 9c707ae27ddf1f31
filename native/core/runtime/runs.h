// Divides work among threads that need not be equally fast (on shared machines they seldom are), where an item costs
// less right after the one before it: rows under a sliding window, frames of a clip.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

namespace infomotion::runtime {

// Items 0 .. n-1. Every worker begins with a run of consecutive items, all of about the same length. A worker at the
// end of its run takes the rear half of the longest rest if that has at least two items, or all of it if its worker has
// not begun.
class Runs {
 public:
  Runs(std::size_t items, std::size_t workers) : runs_(workers) {
    for (std::size_t i = 0; i < workers; ++i) runs_[i] = {items * i / workers, items * (i + 1) / workers, false};
  }

  // The worker's next item; false: nothing is left for it.
  bool next(std::size_t worker, std::size_t* item) {
    std::lock_guard<std::mutex> lock(mutex_);
    Run& own = runs_[worker];
    own.begun = true;
    if (own.next == own.end) {
      Run& longest =
          *std::max_element(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.rest() < b.rest(); });
      const std::size_t taken = longest.begun ? longest.rest() / 2 : longest.rest();
      own.end = longest.end;
      own.next = longest.end -= taken;
      if (taken == 0) return false;
    }
    *item = own.next++;
    return true;
  }

 private:
  struct Run {
    std::size_t next = 0, end = 0;
    bool begun = false;
    std::size_t rest() const { return end - next; }
  };

  std::mutex mutex_;
  std::vector<Run> runs_;
};

}  // namespace infomotion::runtime
