// How kernels are written here: as what one block does, in phases. A kernel is a struct of its arguments with
//   template <class Block> void operator()(Block& block) const
// whose body is a row of block.each([&](int thread) { ... }): every thread of the block does one phase, and none begins
// the next before all have ended it. On a GPU a phase is followed by a barrier; elsewhere the threads take turns
// (test/emulator.h), so that the very same code, with its tiles, halos and indices, is tested on any machine.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define INFOMOTION_DEVICE __device__ __forceinline__
#define INFOMOTION_UNROLL _Pragma("unroll")
#else
#define INFOMOTION_DEVICE inline
#define INFOMOTION_UNROLL
#endif

namespace infomotion::cuda {

// Blocks of a launch.
struct Grid {
  int x = 1, y = 1, z = 1;
};

#if defined(__CUDACC__)

class GpuBlock {
 public:
  __device__ int x() const { return static_cast<int>(blockIdx.x); }
  __device__ int y() const { return static_cast<int>(blockIdx.y); }
  __device__ int z() const { return static_cast<int>(blockIdx.z); }

  // The block's dynamic shared memory.
  __device__ float* shared() const {
    extern __shared__ float4 infomotion_shared[];
    return reinterpret_cast<float*>(infomotion_shared);
  }

  template <class Phase>
  __device__ __forceinline__ void each(Phase phase) const {
    phase(static_cast<int>(threadIdx.x));
    __syncthreads();
  }

  // What a thread keeps from one phase to the next, in registers.
  template <class T, int kThreads>
  struct PerThread {
    T value;
    __device__ __forceinline__ T& operator[](int) { return value; }
  };
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run(const __grid_constant__ Kernel kernel) {
  GpuBlock block;
  kernel(block);
}

#endif

INFOMOTION_DEVICE int smaller(int a, int b) { return a < b ? a : b; }
INFOMOTION_DEVICE int larger(int a, int b) { return a > b ? a : b; }
INFOMOTION_DEVICE int clamped(int i, int n) { return smaller(larger(i, 0), n - 1); }

// The places of a thread in a table of `columns`, visited by all threads of a block together, row by row.
struct Walk {
  int row, column, columns, rows_a_step, columns_a_step;

  INFOMOTION_DEVICE Walk(int thread, int threads, int table_columns)
      : row(thread / table_columns),
        column(thread % table_columns),
        columns(table_columns),
        rows_a_step(threads / table_columns),
        columns_a_step(threads % table_columns) {}

  INFOMOTION_DEVICE void next() {
    row += rows_a_step;
    column += columns_a_step;
    if (column >= columns) {
      column -= columns;
      ++row;
    }
  }
};

}  // namespace infomotion::cuda
