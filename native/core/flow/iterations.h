// The iterations of one level. Each makes the equations of motion of every pixel from the flow known so far, averages
// them over a window, and solves them for the displacement.
//
// All iterations run in one sweep down the level, each some rows behind the one before. That is possible because the
// equations of a pixel use its own flow only: iteration i + 1 can take a row as soon as iteration i has solved it. So
// the caches only have to hold the rows of the expansions in use and a few rows of equations for each iteration, and
// the flow between iterations is never written to memory. Wide levels are swept in strips of columns, so that these
// rows fit.
#pragma once

#include <vector>

#include "flow/expansion.h"
#include "flow/kernels.h"
#include "flow/matrices.h"
#include "flow/window.h"
#include "runtime/buffer.h"
#include "runtime/cancel.h"

namespace infomotion::flow {

// Two frames' expansions at one level.
struct MotionField {
  int width, height;
  const Expansion* from;
  const Expansion* to;
  const float* border_x;     // squared_border_weights(width), padded; of row y: border_x + y * border_pitch
  const float* border_y;     // squared_border_weights(height)
  std::size_t border_pitch;  // 0, but in images narrower than kNarrow
  Border border;
};

// A flow field in two planes.
struct FlowPlanes {
  FlowPlanes() = default;
  explicit FlowPlanes(std::size_t floats) : u(runtime::Buffer::raw(floats)), v(runtime::Buffer::raw(floats)) {}
  runtime::Buffer u, v;
  std::size_t pitch = 0;  // set by whoever fills them
};

// A row of the flow that iterations begin with.
class FirstGuess {
 public:
  virtual ~FirstGuess() = default;
  // Points u and v at column `begin` of row y, of which [begin, end) are read; null means no motion.
  virtual void row(int y, int begin, int end, const float** u, const float** v) = 0;
};

// A part of a level.
struct Tile {
  int left, right, begin, end;  // columns [left, right), rows [begin, end)
};

// Where iterations leave their result: in planes, or as (u, v) pairs.
struct FlowTarget {
  FlowPlanes* planes;
  float* pairs;
};

class Iterations {
 public:
  // For fields of at most this size, and at most `stages` iterations in a sweep.
  Iterations(const Kernels& kernels, const Window& window, int stages, int width, int height);

  // `count` iterations (1 .. stages) for a tile of the result, which is the same, bit for bit, whatever the tiles.
  // `follows`: the last call was for the tile right above, with all else the same. Stops early when cancelled.
  void run(const MotionField& field, int count, FirstGuess& guess, const Tile& tile, bool follows,
           const FlowTarget& target, const runtime::Cancel& cancel);

  // Tiles must begin at rows that are multiples of restart(), at columns that are multiples of a vector (16), and be
  // no wider than if a level were cut into this many.
  int restart() const { return restart_; }
  int strips(int width) const;

  std::size_t bytes() const;

 private:
  struct Stage {
    runtime::Buffer ring;          // equations of the rows in use
    runtime::Buffer columns;       // summed over the window's rows; kBlurred rows of them where the window is Gaussian
    runtime::Buffer compensation;  // box windows: what rounding has added to those that is not theirs
    runtime::Buffer u, v;          // the row solved last
    int ahead, begin;              // rows ahead of the last stage; the first row of flow to solve
    int left, right;               // columns of flow to solve
    int from, to;                  // columns of equations for them
    int made, next;                // the next row of equations, of flow
  };

  void begin_stages(int count, const Tile& tile);
  void solve_row(int stage, int y, float* u, float* v);
  void make_equations(int stage, int y);
  float* equations(Stage& stage, int y) {
    return stage.ring.data() + static_cast<std::size_t>(y % ring_rows_) * row_floats_;
  }

  const Kernels& kernels_;
  const Window& window_;
  const int restart_, strip_;
  std::vector<Stage> stages_;
  runtime::Buffer scratch_;
  std::vector<const float*> lines_;

  // Of the sweep that runs.
  const MotionField* field_ = nullptr;
  FirstGuess* guess_ = nullptr;
  int pitch_ = 0, row_floats_ = 0, ring_rows_ = 0;
};

}  // namespace infomotion::flow
