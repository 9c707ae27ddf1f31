// Exact nearest neighbours: a tiled matrix product whose results never leave the block; each row keeps its best.
#pragma once

#include "block.h"

namespace infomotion::cuda {

constexpr std::uint32_t kNone = 0xffffffffu;

// The best `wanted` of the rows of one row tile among the columns of one segment.
struct SearchTile {
  static constexpr int kThreads = 256, kRows = 128, kColumns = 64, kDepth = 16;
  static constexpr int kThreadRows = 8, kThreadColumns = 4;  // products a thread takes: 16 x 16 threads
  static constexpr int kRowPitch = kRows + 4, kColumnPitch = kColumns + 4, kScorePitch = kColumns + 1;

  int rows, dim, wanted;
  const float* values;       // rows * dim
  const float* bias;         // of each column, or null
  const std::uint8_t* skip;  // rows that are to be left out, or null
  int first_row, last_row;   // rows of this launch
  int segments;              // of the columns
  std::uint32_t* index;      // row r of segment s at ((r - first_row) * segments + s) * wanted
  float* score;

  Grid grid() const { return {(last_row - first_row + kRows - 1) / kRows, segments, 1}; }
  std::size_t shared_floats() const { return kDepth * (kRowPitch + kColumnPitch) + kRows * kScorePitch; }

  struct Products {
    float sums[kThreadRows][kThreadColumns];
  };
  struct alignas(16) Four {  // read at once
    float values[4];
  };
  struct List {
    int count;
    float worst;
  };

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    float* a = block.shared();  // kDepth rows: transposed, so that products read along
    float* b = a + kDepth * kRowPitch;
    float* scores = b + kDepth * kColumnPitch;
    typename Block::template PerThread<Products, kThreads> products;
    typename Block::template PerThread<List, kThreads> lists;
    const int top = first_row + block.x() * kRows;
    const int tiles = (rows + kColumns - 1) / kColumns;
    const int begin = static_cast<int>(static_cast<long long>(block.y()) * tiles / segments) * kColumns;
    const int end =
        smaller(static_cast<int>(static_cast<long long>(block.y() + 1) * tiles / segments) * kColumns, rows);

    block.each([&](int thread) { lists[thread] = {0, 0}; });
    for (int left = begin; left < end; left += kColumns) {
      block.each([&](int thread) {
        INFOMOTION_UNROLL
        for (int r = 0; r < kThreadRows; ++r) INFOMOTION_UNROLL
        for (int c = 0; c < kThreadColumns; ++c) products[thread].sums[r][c] = 0;
      });
      for (int depth = 0; depth < dim; depth += kDepth) {
        block.each([&](int thread) {
          load(thread, kRows, top, depth, a, kRowPitch);
          load(thread, kColumns, left, depth, b, kColumnPitch);
        });
        block.each([&](int thread) { multiply(thread, a, b, products[thread]); });
      }
      block.each([&](int thread) {
        const int row = thread / 16 * kThreadRows, column = thread % 16 * kThreadColumns;
        INFOMOTION_UNROLL
        for (int r = 0; r < kThreadRows; ++r) INFOMOTION_UNROLL
        for (int c = 0; c < kThreadColumns; ++c) {
          const int j = left + column + c;
          const float more = bias != nullptr && j < rows ? bias[j] : 0;
          scores[(row + r) * kScorePitch + column + c] = products[thread].sums[r][c] + more;
        }
      });
      block.each([&](int thread) {
        const int row = top + thread;
        if (thread < kRows && row < last_row && !left_out(row))
          take(row, left, smaller(end - left, kColumns), scores + thread * kScorePitch, block.y(), lists[thread]);
      });
    }
    block.each([&](int thread) {
      const int row = top + thread;
      if (thread < kRows && row < last_row)
        for (int i = lists[thread].count; i < wanted; ++i) index[place(row, block.y()) + i] = kNone;
    });
  }

  INFOMOTION_DEVICE bool left_out(int row) const { return skip != nullptr && skip[row] != 0; }
  INFOMOTION_DEVICE std::size_t place(int row, int segment) const {
    return (static_cast<std::size_t>(row - first_row) * segments + segment) * wanted;
  }

  // kDepth columns of `count` rows, zeros beyond the matrix.
  INFOMOTION_DEVICE void load(int thread, int count, int first, int depth, float* out, int pitch) const {
    for (int i = thread; i < count * kDepth; i += kThreads) {
      const int row = first + i / kDepth, d = depth + i % kDepth;
      out[i % kDepth * pitch + i / kDepth] =
          row < rows && d < dim ? values[static_cast<std::size_t>(row) * dim + d] : 0;
    }
  }

  INFOMOTION_DEVICE void multiply(int thread, const float* a, const float* b, Products& products) const {
    const float* left = a + thread / 16 * kThreadRows;
    const float* right = b + thread % 16 * kThreadColumns;
    INFOMOTION_UNROLL
    for (int d = 0; d < kDepth; ++d, left += kRowPitch, right += kColumnPitch) {
      const Four low = *reinterpret_cast<const Four*>(left), high = *reinterpret_cast<const Four*>(left + 4);
      const Four other = *reinterpret_cast<const Four*>(right);
      INFOMOTION_UNROLL
      for (int r = 0; r < kThreadRows; ++r) INFOMOTION_UNROLL
      for (int c = 0; c < kThreadColumns; ++c)
        products.sums[r][c] += (r < 4 ? low.values[r & 3] : high.values[r & 3]) * other.values[c];
    }
  }

  // Columns come by rising index, so that of two equal ones the lower is already in.
  INFOMOTION_DEVICE void take(int row, int left, int columns, const float* own, int segment, List& list) const {
    std::uint32_t* indices = index + place(row, segment);
    float* best = score + place(row, segment);
    for (int c = 0; c < columns; ++c) {
      const float value = own[c];
      const int column = left + c;
      if ((list.count == wanted && !(value > list.worst)) || column == row || left_out(column)) continue;
      int i = list.count == wanted ? wanted - 1 : list.count++;
      for (; i > 0 && best[i - 1] < value; --i) {
        best[i] = best[i - 1];
        indices[i] = indices[i - 1];
      }
      best[i] = value;
      indices[i] = static_cast<std::uint32_t>(column);
      list.worst = best[list.count - 1];
    }
  }
};

// One list a row from those of its segments.
struct MergeSegments {
  static constexpr int kThreads = 128, kMaxSegments = 16;

  int rows, wanted, segments;  // rows of this launch
  const std::uint32_t* index;
  const float* score;
  std::uint32_t* merged_index;  // rows * wanted
  float* merged_score;

  Grid grid() const { return {(rows + kThreads - 1) / kThreads, 1, 1}; }
  std::size_t shared_floats() const { return 0; }

  template <class Block>
  INFOMOTION_DEVICE void operator()(Block& block) const {
    block.each([&](int thread) {
      const int row = block.x() * kThreads + thread;
      if (row >= rows) return;
      const std::size_t lists = static_cast<std::size_t>(row) * segments * wanted;
      int heads[kMaxSegments];
      for (int s = 0; s < segments; ++s) heads[s] = 0;
      for (int i = 0; i < wanted; ++i) {
        int best = -1;
        float most = 0;
        for (int s = 0; s < segments; ++s) {
          if (heads[s] == wanted) continue;
          const std::size_t head = lists + static_cast<std::size_t>(s) * wanted + heads[s];
          if (index[head] == kNone || (best >= 0 && !(score[head] > most))) continue;
          best = s;
          most = score[head];
        }
        const std::size_t out = static_cast<std::size_t>(row) * wanted + i;
        merged_index[out] = best < 0 ? kNone : index[lists + static_cast<std::size_t>(best) * wanted + heads[best]++];
        merged_score[out] = most;
      }
    });
  }
};

}  // namespace infomotion::cuda
