#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "runtime/random.h"
#include "runtime/runs.h"
#include "runtime/thread_pool.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::runtime;

// test/runtime.test.ts checks the same numbers: one generator, two languages.
TEST("random: the stream that TypeScript draws too") {
  Random random(7, {1, 2});
  CHECK(random.next() == 3249063809u);
  CHECK(random.next() == 972576544u);
  CHECK(random.next() == 79745540u);
}

TEST("random: below() stays below and is even") {
  Random random(1);
  std::vector<int> count(7);
  for (int i = 0; i < 70000; ++i) ++count.at(random.below(7));
  for (int c : count) CHECK_NEAR(c, 10000, 500);
  CHECK(random.below(1) == 0);
}

TEST("thread pool: parallel_for runs each index once, nested too") {
  std::vector<std::atomic<int>> hits(1000);
  parallel_for(10, 0, [&](std::size_t i) { parallel_for(100, 0, [&](std::size_t j) { ++hits[i * 100 + j]; }); });
  for (auto& h : hits) CHECK(h == 1);
}

TEST("runs: consecutive items for each worker, and half of a slow one's rest for who is done") {
  Runs runs(10, 2);
  const auto take = [&](std::size_t worker) {
    std::size_t item = 99;
    runs.next(worker, &item);
    return item;
  };
  CHECK(take(0) == 0 && take(1) == 5);
  for (const std::size_t item : {1, 2, 3, 4}) CHECK(take(0) == item);
  for (const std::size_t item : {8, 9, 7}) CHECK(take(0) == item);  // half of 6 .. 9, then half of 6 and 7
  CHECK(take(0) == 99);                                             // the last one stays worker 1's
  CHECK(take(1) == 6 && take(1) == 99);
}

TEST("runs: a worker that never begins leaves nothing undone") {
  Runs runs(100, 3);
  std::vector<int> hits(100);
  for (std::size_t item; runs.next(1, &item);) ++hits[item];
  for (const int h : hits) CHECK(h == 1);
}

TEST("runs: every item once while threads take from each other") {
  constexpr std::size_t kItems = 3000, kWorkers = 7;
  Runs runs(kItems, kWorkers);
  std::vector<std::atomic<int>> hits(kItems);
  parallel_for(kWorkers, kWorkers, [&](std::size_t worker) {
    for (std::size_t item; runs.next(worker, &item); ++hits[item])
      if (worker % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
  });
  for (const auto& h : hits) CHECK(h == 1);
}
