#include <atomic>
#include <vector>

#include "runtime/random.h"
#include "runtime/thread_pool.h"
#include "test.h"

using namespace infomotion;

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
  parallel_for(10, 0, [&](std::size_t i) {
    parallel_for(100, 0, [&](std::size_t j) { ++hits[i * 100 + j]; });
  });
  for (auto& h : hits) CHECK(h == 1);
}
