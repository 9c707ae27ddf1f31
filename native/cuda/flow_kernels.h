// Farneback's flow as kernels: the mathematics of core/flow, for many frames and pairs at once. The z of a launch is
// the frame or the pair.
#pragma once

#include "block.h"

namespace infomotion::cuda {

constexpr int kMaxRadius = 31;  // of the polynomial expansion
constexpr int kRun = 4;         // neighbouring sums of a window that a thread takes together

// Planes of an expansion, and of the equations of motion (core/flow/expansion.h and matrices.h).
enum Plane { kXX, kYY, kX, kY, kXY };
constexpr int kPlanes = 5;

struct Vector {
  float u, v;
};

// One axis of a separable filter: out[i] = sum over t < taps of weights[i * taps + t] * in[source[i * taps + t]].
struct Axis {
  int taps;
  const int* source;
  const float* weights;
};

// The image of a level: blurred and resized from the full-size one, core/flow/pyramid.h.
template <class Pixel>
struct LevelImage {
  static constexpr int kThreads = 256;

  const Pixel* frames;
  int frame_width;
  std::size_t frame_pixels;
  int width, height;  // of the level
  Axis x, y;
  float* images;
  std::size_t image_stride;

  Grid grid(int frames) const { return {(width * height + kThreads - 1) / kThreads, 1, frames}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const Pixel* frame = frames + block.z() * frame_pixels;
    float* image = images + block.z() * image_stride;
    block.each([&](int thread) {
      const int i = block.x() * kThreads + thread;
      if (i >= width * height) return;
      const int column = i % width * x.taps, row = i / width * y.taps;
      float sum = 0;
      for (int s = 0; s < y.taps; ++s) {
        const Pixel* line = frame + static_cast<std::size_t>(y.source[row + s]) * frame_width;
        float along = 0;
        for (int t = 0; t < x.taps; ++t)
          along += x.weights[column + t] * static_cast<float>(line[x.source[column + t]]);
        sum += y.weights[row + s] * along;
      }
      image[i] = sum;
    });
  }
};

// The polynomial expansion of a level's images, by tiles: the image with a border of the radius, the moments down its
// columns, and then along its rows. Frames lie in a ring of slots.
struct Expand {
  static constexpr int kThreads = 256, kTileWidth = 32, kTileHeight = 16;

  const float* images;
  std::size_t image_stride;
  int width, height;
  float* expansions;  // of the level: plane c of slot s at s * slot_stride + c * width * height
  std::size_t slot_stride;
  int first_slot, slots;
  int radius;
  float g[kMaxRadius + 1], xg[kMaxRadius + 1], xxg[kMaxRadius + 1];  // i^p g(i)
  float linear, square, constant_square, mixed;                      // core/flow/expansion.h

  Grid grid(int frames) const {
    return {(width + kTileWidth - 1) / kTileWidth, (height + kTileHeight - 1) / kTileHeight, frames};
  }
  std::size_t shared_floats() const {
    return static_cast<std::size_t>(kTileWidth + 2 * radius) * (kTileHeight + 2 * radius + 3 * kTileHeight);
  }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const float* image = images + block.z() * image_stride;
    const int slot = (first_slot + block.z()) % slots;
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    float* out = expansions + slot * slot_stride;
    const int left = block.x() * kTileWidth, top = block.y() * kTileHeight;
    const int columns = kTileWidth + 2 * radius, rows = kTileHeight + 2 * radius;
    float* tile = block.shared();
    float* moments = tile + columns * rows;  // three tables of kTileHeight rows
    const int table = columns * kTileHeight;

    block.each([&](int thread) {
      for (Walk at(thread, kThreads, columns); at.row < rows; at.next()) {
        const int x = clamped(left + at.column - radius, width), y = clamped(top + at.row - radius, height);
        tile[at.row * columns + at.column] = image[static_cast<std::size_t>(y) * width + x];
      }
    });
    block.each([&](int thread) {
      for (Walk at(thread, kThreads, columns); at.row < kTileHeight; at.next()) {
        const float* middle = tile + (at.row + radius) * columns + at.column;
        float m0 = middle[0] * g[0], m1 = 0, m2 = 0;
        for (int i = 1; i <= radius; ++i) {
          const float above = middle[-i * columns], below = middle[i * columns];
          m0 += g[i] * (below + above);
          m1 += xg[i] * (below - above);
          m2 += xxg[i] * (below + above);
        }
        float* place = moments + at.row * columns + at.column;
        place[0] = m0;
        place[table] = m1;
        place[2 * table] = m2;
      }
    });
    block.each([&](int thread) {
      for (Walk at(thread, kThreads, kTileWidth); at.row < kTileHeight; at.next()) {
        const int x = left + at.column, y = top + at.row;
        if (x >= width || y >= height) continue;
        const float* m0 = moments + at.row * columns + at.column + radius;
        const float* m1 = m0 + table;
        const float* m2 = m1 + table;
        float one = g[0] * m0[0], bx = 0, bxx = 0, by = g[0] * m1[0], bxy = 0, byy = g[0] * m2[0];
        for (int i = 1; i <= radius; ++i) {
          const float even = m0[i] + m0[-i], odd = m0[i] - m0[-i];
          one += g[i] * even;
          bx += xg[i] * odd;
          bxx += xxg[i] * even;
          by += g[i] * (m1[i] + m1[-i]);
          bxy += xg[i] * (m1[i] - m1[-i]);
          byy += g[i] * (m2[i] + m2[-i]);
        }
        float* place = out + static_cast<std::size_t>(y) * width + x;
        place[kX * pixels] = bx * linear;
        place[kY * pixels] = by * linear;
        place[kXX * pixels] = one * constant_square + bxx * square;
        place[kYY * pixels] = one * constant_square + byy * square;
        place[kXY * pixels] = bxy * mixed;
      }
    });
  }
};

// The flow that an iteration starts from: none, that of the iteration before, or another size's.
struct FlowSource {
  enum Kind { kNone, kStored, kResampled };

  Kind kind;
  const float* flow;  // pair p's at p * stride, pixels (u, v)
  std::size_t stride;
  int width;  // of its rows
  Axis x, y;  // kResampled
  float gain;

  INFOMOTION_DEVICE Vector at(int pair, int column, int row) const {
    if (kind == kNone) return {0, 0};
    const float* own = flow + pair * stride;
    if (kind == kStored) {
      const float* place = own + 2 * (static_cast<std::size_t>(row) * width + column);
      return {place[0], place[1]};
    }
    Vector sum = {0, 0};
    for (int s = 0; s < y.taps; ++s) {
      const float* line = own + 2 * static_cast<std::size_t>(y.source[row * y.taps + s]) * width;
      Vector along = {0, 0};
      for (int t = 0; t < x.taps; ++t) {
        const float weight = x.weights[column * x.taps + t];
        const float* place = line + 2 * x.source[column * x.taps + t];
        along.u += weight * place[0];
        along.v += weight * place[1];
      }
      const float weight = y.weights[row * y.taps + s] * gain;
      sum.u += weight * along.u;
      sum.v += weight * along.v;
    }
    return sum;
  }
};

struct SlotPair {
  int from, to;
};

// The equations of motion at one pixel, core/flow/matrices.h.
struct Field {
  int width, height;
  const float* expansions;  // as Expand leaves them
  std::size_t slot_stride;
  const SlotPair* pairs;
  FlowSource before;
  const float *border_x, *border_y;  // of row y: border_x + y * border_pitch, times border_y[y]
  int border_pitch;
  int symmetric;

  INFOMOTION_DEVICE void equations(int pair, int x, int y, float (&out)[kPlanes]) const {
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    const float* from = expansions + pairs[pair].from * slot_stride + static_cast<std::size_t>(y) * width + x;
    const Vector d = before.at(pair, x, y);
    float axx = from[kXX * pixels], ayy = from[kYY * pixels], axy = from[kXY * pixels];
    float bx = from[kX * pixels], by = from[kY * pixels];
    const float fx = static_cast<float>(x) + d.u, fy = static_cast<float>(y) + d.v;
    const float last_x = static_cast<float>(width - 1), last_y = static_cast<float>(height - 1);
    // Comparisons of floats, so that a flow that is not finite is outside.
    const bool inside = fx >= 0 && fy >= 0 && (symmetric ? fx <= last_x && fy <= last_y : fx < last_x && fy < last_y);
    if (inside) {
      const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
      const float ax = fx - static_cast<float>(ix), ay = fy - static_cast<float>(iy);
      const float* top = expansions + pairs[pair].to * slot_stride + static_cast<std::size_t>(iy) * width + ix;
      const float* bottom = iy + 1 < height ? top + width : top;
      const int right = ix + 1 < width ? 1 : 0;
      const float w00 = (1 - ax) * (1 - ay), w01 = ax * (1 - ay), w10 = (1 - ax) * ay, w11 = ax * ay;
      const auto sample = [&](std::size_t plane) {
        const float *upper = top + plane * pixels, *lower = bottom + plane * pixels;
        return w00 * upper[0] + w01 * upper[right] + w10 * lower[0] + w11 * lower[right];
      };
      axx = (axx + sample(kXX)) * 0.5f;
      ayy = (ayy + sample(kYY)) * 0.5f;
      bx = (bx - sample(kX)) * 0.5f;
      by = (by - sample(kY)) * 0.5f;
      axy = (axy + sample(kXY)) * 0.25f;
    } else {
      bx *= 0.5f;
      by *= 0.5f;
      axy *= 0.5f;
    }
    bx += axx * d.u + axy * d.v;
    by += axy * d.u + ayy * d.v;
    const float weight = border_x[static_cast<std::size_t>(y) * border_pitch + x] * border_y[y];
    out[0] = (ayy * ayy + axy * axy) * weight;
    out[1] = (axx + ayy) * axy * weight;
    out[2] = (axx * axx + axy * axy) * weight;
    out[3] = (ayy * by + axy * bx) * weight;
    out[4] = (axy * by + axx * bx) * weight;
  }
};

// The window that equations are averaged over, core/flow/window.h.
struct Window {
  int half;
  float gain;
  float regular;
  const float* taps;  // Gaussian: 2 half + 1 weights, and kRun - 1 zeros

  INFOMOTION_DEVICE int size() const { return 2 * half + 1; }

  // sums[j] = sum over k < size of weight[k] * at(j + k).
  template <bool kBox, class At>
  INFOMOTION_DEVICE void sum_run(At at, float (&sums)[kRun]) const {
    if constexpr (kBox) {
      float sum = 0;
      for (int k = 0; k < size(); ++k) sum += at(k);
      sums[0] = sum;
      INFOMOTION_UNROLL
      for (int j = 1; j < kRun; ++j) sums[j] = sum += at(size() + j - 1) - at(j - 1);
    } else {
      float weights[kRun];  // weights[j] is that of at(i) in sums[j]
      INFOMOTION_UNROLL
      for (int j = 0; j < kRun; ++j) sums[j] = weights[j] = 0;
      for (int i = 0; i < size() + kRun - 1; ++i) {
        INFOMOTION_UNROLL
        for (int j = kRun - 1; j > 0; --j) weights[j] = weights[j - 1];
        weights[0] = taps[i];
        const float value = at(i);
        INFOMOTION_UNROLL
        for (int j = 0; j < kRun; ++j) sums[j] += weights[j] * value;
      }
    }
  }

  INFOMOTION_DEVICE Vector solve(const float (&sums)[kPlanes]) const {
    const float a = sums[0] * gain, b = sums[1] * gain, c = sums[2] * gain, p = sums[3] * gain, q = sums[4] * gain;
    const float inverse = 1 / (a * c - b * b + regular);
    return {(a * q - b * p) * inverse, (c * p - b * q) * inverse};
  }

  // Solves kRun pixels of a row, from x on, and writes those inside. at(plane, i): the sums of the columns at x - half
  // + i.
  template <bool kBox, class At>
  INFOMOTION_DEVICE void solve_run(At at, int x, int width, float* row) const {
    float sums[kPlanes][kRun];
    INFOMOTION_UNROLL
    for (int plane = 0; plane < kPlanes; ++plane) sum_run<kBox>([&](int i) { return at(plane, i); }, sums[plane]);
    INFOMOTION_UNROLL
    for (int j = 0; j < kRun; ++j) {
      if (x + j >= width) return;
      const float own[kPlanes] = {sums[0][j], sums[1][j], sums[2][j], sums[3][j], sums[4][j]};
      const Vector d = solve(own);
      row[2 * (x + j)] = d.u;
      row[2 * (x + j) + 1] = d.v;
    }
  }
};

// One iteration in one launch, by tiles: the equations of a tile and of half a window around it, their sums down the
// columns (in place), along the rows, and the solution. For windows that are small beside a tile.
template <bool kBox>
struct IterateTile {
  static constexpr int kThreads = 256;

  Field field;
  Window window;
  int tile_width, tile_height;  // multiples of kRun
  float* flow;                  // out: pair p's at p * flow_stride
  std::size_t flow_stride;

  int columns() const { return tile_width + 2 * window.half; }
  Grid grid(int pairs) const {
    return {(field.width + tile_width - 1) / tile_width, (field.height + tile_height - 1) / tile_height, pairs};
  }
  std::size_t shared_floats() const { return tile_floats(tile_width, tile_height, window.half); }

  // Odd, so that a warp that reads down a column meets 32 banks.
  INFOMOTION_DEVICE static int pitch_of(int columns) { return columns | 1; }
  static std::size_t tile_floats(int width, int height, int half) {
    return static_cast<std::size_t>((width + 2 * half) | 1) * (height + 2 * half) * kPlanes;
  }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const int half = window.half, columns = tile_width + 2 * half, rows = tile_height + 2 * half;
    const int pitch = pitch_of(columns), table = pitch * rows;
    const int left = block.x() * tile_width, top = block.y() * tile_height, pair = block.z();
    float* equations = block.shared();

    block.each([&](int thread) {
      for (Walk at(thread, kThreads, columns); at.row < rows; at.next()) {
        float own[kPlanes];
        field.equations(pair, clamped(left + at.column - half, field.width), clamped(top + at.row - half, field.height),
                        own);
        float* place = equations + at.row * pitch + at.column;
        INFOMOTION_UNROLL
        for (int plane = 0; plane < kPlanes; ++plane) place[plane * table] = own[plane];
      }
    });
    block.each([&](int thread) {
      for (Walk at(thread, kThreads, columns); at.row < kPlanes; at.next())
        sum_column(equations + at.row * table + at.column, pitch);
    });
    block.each([&](int thread) {
      for (Walk at(thread, kThreads, tile_height); at.row * kRun < tile_width; at.next()) {
        const int y = top + at.column, x = at.row * kRun;  // neighbouring threads, neighbouring rows
        if (y >= field.height || left + x >= field.width) continue;
        const float* sums = equations + at.column * pitch + x;
        window.template solve_run<kBox>([&](int plane, int i) { return sums[plane * table + i]; }, left + x,
                                        field.width,
                                        flow + pair * flow_stride + 2 * static_cast<std::size_t>(y) * field.width);
      }
    });
  }

  // column[y] = the window's sum of column[y] .. column[y + 2 half], for the tile's rows, from the top down.
  INFOMOTION_DEVICE void sum_column(float* column, int pitch) const {
    if constexpr (kBox) {
      const int size = window.size();
      float sum = 0;
      for (int k = 0; k < size; ++k) sum += column[k * pitch];
      for (int y = 0; y < tile_height; ++y) {
        const float leaves = column[y * pitch];
        column[y * pitch] = sum;
        if (y + 1 < tile_height) sum += column[(y + size) * pitch] - leaves;
      }
    } else {
      for (int y = 0; y < tile_height; y += kRun) {
        float sums[kRun];
        window.template sum_run<kBox>([&](int i) { return column[(y + i) * pitch]; }, sums);
        INFOMOTION_UNROLL
        for (int j = 0; j < kRun; ++j) column[(y + j) * pitch] = sums[j];
      }
    }
  }
};

// One iteration in three launches, for wide windows: the equations of every pixel, their sums down the columns, and the
// rest. Plane c of pair p lies at p * kPlanes * pixels + c * pixels.
struct WideEquations {
  static constexpr int kThreads = 256;

  Field field;
  float* equations;

  Grid grid(int pairs) const { return {(field.width * field.height + kThreads - 1) / kThreads, 1, pairs}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    block.each([&](int thread) {
      const int i = block.x() * kThreads + thread, pixels = field.width * field.height;
      if (i >= pixels) return;
      float own[kPlanes];
      field.equations(block.z(), i % field.width, i / field.width, own);
      float* place = equations + static_cast<std::size_t>(block.z()) * kPlanes * pixels + i;
      INFOMOTION_UNROLL
      for (int plane = 0; plane < kPlanes; ++plane) place[static_cast<std::size_t>(plane) * pixels] = own[plane];
    });
  }
};

template <bool kBox>
struct WideColumns {
  static constexpr int kThreads = 256;

  int width, height;
  Window window;
  const float* equations;
  float* sums;

  int runs() const { return (height + kRun - 1) / kRun; }
  Grid grid(int pairs) const { return {(width * runs() + kThreads - 1) / kThreads, kPlanes, pairs}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const std::size_t plane = (static_cast<std::size_t>(block.z()) * kPlanes + block.y()) * width * height;
    block.each([&](int thread) {
      const int i = block.x() * kThreads + thread, x = i % width, y = i / width * kRun;
      if (y >= height) return;
      const float* column = equations + plane + x;
      float own[kRun];
      window.template sum_run<kBox>(
          [&](int k) { return column[static_cast<std::size_t>(clamped(y - window.half + k, height)) * width]; }, own);
      INFOMOTION_UNROLL
      for (int j = 0; j < kRun; ++j)
        if (y + j < height) sums[plane + static_cast<std::size_t>(y + j) * width + x] = own[j];
    });
  }
};

template <bool kBox>
struct WideSolve {
  static constexpr int kThreads = 256;

  int width, height;
  Window window;
  const float* sums;
  float* flow;
  std::size_t flow_stride;

  int runs() const { return (width + kRun - 1) / kRun; }
  Grid grid(int pairs) const { return {(height * runs() + kThreads - 1) / kThreads, 1, pairs}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    const std::size_t pixels = static_cast<std::size_t>(width) * height;
    block.each([&](int thread) {
      const int i = block.x() * kThreads + thread, runs_a_row = (width + kRun - 1) / kRun;
      const int y = i / runs_a_row, x = i % runs_a_row * kRun;
      if (y >= height) return;
      const float* row = sums + block.z() * kPlanes * pixels + static_cast<std::size_t>(y) * width;
      window.template solve_run<kBox>(
          [&](int plane, int k) { return row[plane * pixels + clamped(x - window.half + k, width)]; }, x, width,
          flow + block.z() * flow_stride + 2 * static_cast<std::size_t>(y) * width);
    });
  }
};

// The flow as an iteration would start from it, where there is no iteration.
struct StartFlow {
  static constexpr int kThreads = 256;

  int width, height;
  FlowSource before;
  float* flow;
  std::size_t flow_stride;

  Grid grid(int pairs) const { return {(width * height + kThreads - 1) / kThreads, 1, pairs}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    block.each([&](int thread) {
      const int i = block.x() * kThreads + thread;
      if (i >= width * height) return;
      const Vector d = before.at(block.z(), i % width, i / width);
      float* place = flow + block.z() * flow_stride + 2 * static_cast<std::size_t>(i);
      place[0] = d.u;
      place[1] = d.v;
    });
  }
};

}  // namespace infomotion::cuda
