// The one thread pool of a process. libuv's pool stays free for files and sockets.
#pragma once

#include <cstddef>
#include <functional>

namespace infomotion::runtime {

// Threads the pool has: INFOMOTION_THREADS if that is 1..1024, else the number of processors.
std::size_t pool_threads();

// Runs `job` on a pool thread; jobs start in the order they came. `job` must not throw.
// The pool is never destroyed: its threads are asleep at exit and the system takes them.
void pool_submit(std::function<void()> job);

// Runs body(0) ... body(n-1), at most `threads` at a time (0: pool_threads()), the caller's thread being one of them,
// and returns when all are done. Safe inside a pool job: helpers that find no free pool thread are not waited for.
// Bodies must write to places of their own, so that results are the same for any number of threads.
void parallel_for(std::size_t n, std::size_t threads, const std::function<void(std::size_t)>& body);

}  // namespace infomotion::runtime
