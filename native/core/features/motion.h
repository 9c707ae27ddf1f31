// What the flow of one pair of frames says, cell by cell of a coarse grid, and how that runs over time.
#pragma once

#include <cstddef>
#include <vector>

namespace infomotion::features {

constexpr int kDirections = 8;

// Mean over the pixels of each cell of a grid x grid division of the frame, of
//   divergence  du/dx + dv/dy, 1/s (contraction is negative)
//   curl        dv/dx - du/dy, 1/s (positive: clockwise on the screen, y being downwards)
//   magnitude   |(u, v)|, px/s
//   direction   the motion along each of eight directions, 45 degrees apart, the first to the right and then
//               clockwise, px/s. A vector is written as the sum of its parts along the two directions next to it
//               (both >= 0): a histogram of directions weighted by magnitude, without jumps at the bins' edges.
// All cells of one quantity lie together (directions: eight a cell), in this order.
class MotionCells {
 public:
  MotionCells(int width, int height, int grid);

  std::size_t size() const { return static_cast<std::size_t>(grid_) * grid_ * kChannels; }

  // flow: (u, v) in px/frame; out: size() values.
  void measure(const float* flow, double fps, float* out);

 private:
  static constexpr int kChannels = 3 + kDirections;

  void add_row(int y);

  int width_, height_, grid_;
  std::vector<int> left_, top_;  // first column and row of each cell, and the end
  std::vector<float> columns_;   // kChannels rows: sums down the rows of the current row of cells
  std::vector<float> u_, v_;     // the flow, as planes
};

// How far each cell is carried to and fro: the flow added up over time is its way from where it began; the standard
// deviation of that way about its straight line (the line is drift of the probe, and of the flow's small bias) tells
// the size of a movement however fast it goes. For each cell of MotionCells: of u in frame widths, of v in frame
// heights, and of the divergence, whose sum is the relative change of area.
class Excursions {
 public:
  Excursions(int width, int height, int grid);

  std::size_t size() const { return position_.size(); }

  // values: as MotionCells gives them.
  void add(const float* values, double fps);
  float deviation(std::size_t i) const;  // all cells of u, then of v, then of the divergence

 private:
  double width_, height_, time_ = 0;
  std::size_t cells_, count_ = 1;                             // the first position, 0 at time 0, is counted
  std::vector<double> position_, sum_, squares_, with_time_;  // with_time_: sums of position * time
};

// Mean and standard deviation over time of each entry of a vector.
class TimeStatistics {
 public:
  explicit TimeStatistics(std::size_t size) : sum_(size), squares_(size) {}

  void add(const float* values);
  float mean(std::size_t i) const;
  float deviation(std::size_t i) const;

 private:
  std::size_t count_ = 0;
  std::vector<double> sum_, squares_;
};

// Mean over each third of the time of each entry of a vector: what comes first, and what last. Sample i of n covers
// the stretch [i, i + 1) of n, and counts for each third by what of it lies there, so that a clip of one or two pairs has
// three thirds too.
class ThirdMeans {
 public:
  static constexpr std::size_t kThirds = 3;

  ThirdMeans(std::size_t size, std::size_t samples) : size_(size), samples_(samples), sum_(kThirds * size) {}

  void add(const float* values);
  std::size_t size() const { return sum_.size(); }
  float mean(std::size_t i) const;  // all entries of the first third, then of the second, then of the last

 private:
  std::size_t size_, samples_, count_ = 0;
  std::vector<double> sum_;  // over sample times thirds of its stretch
};

}  // namespace infomotion::features
