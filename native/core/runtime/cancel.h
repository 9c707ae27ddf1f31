// A flag that one thread raises and the others poll. Long loops poll it at least every few milliseconds.
#pragma once

#include <atomic>

namespace infomotion::runtime {

class Cancel {
 public:
  void request() { flag_.store(true, std::memory_order_relaxed); }
  bool requested() const { return flag_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> flag_{false};
};

}  // namespace infomotion::runtime
