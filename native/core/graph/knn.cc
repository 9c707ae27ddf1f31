#include "graph/knn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "graph/score.h"
#include "graph/screen.h"
#include "runtime/buffer.h"
#include "runtime/thread_pool.h"

namespace infomotion::graph {
namespace {

// Each row keeps the candidates that are above its bar: the k-th best screened score so far, less twice the error. So k
// rows have a true score of at least that k-th best less the error, and every pair below the bar is truly below those
// k.
class Search {
 public:
  Search(const Matrix& matrix, Metric metric, runtime::Isa isa, Neighbours& result)
      : matrix_(matrix),
        metric_(metric),
        isa_(isa),
        k_(result.k),
        capacity_(std::max<std::size_t>(3 * k_, 32)),
        score_(matrix, metric),
        rows_(matrix.rows, matrix.dim),
        result_(result) {}

  runtime::Status run(std::size_t threads, const runtime::Cancel& cancel) {
    const runtime::Status status = score_.measure();
    if (!status.ok() || k_ == 0) return status;
    fill_rows();
    candidates_.resize(matrix_.rows);
    blocks_ = (matrix_.rows + kScreenBlock - 1) / kScreenBlock;
    bar_.assign(blocks_ * kScreenBlock, -std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < bar_.size(); ++i)
      if (i >= matrix_.rows || score_.excluded(i)) bar_[i] = std::numeric_limits<float>::infinity();
    locks_ = std::vector<std::mutex>(blocks_);
    // Block j meets blocks 0 ... j: the longest tasks come first.
    runtime::parallel_for(blocks_, threads, [&](std::size_t task) { screen_block(blocks_ - 1 - task, cancel); });
    if (cancel.requested()) return runtime::Status::cancelled();
    runtime::parallel_for(blocks_, threads, [&](std::size_t block) {
      const std::size_t end = std::min((block + 1) * kScreenBlock, matrix_.rows);
      for (std::size_t i = block * kScreenBlock; i < end && !cancel.requested(); ++i) finish(i);
    });
    return cancel.requested() ? runtime::Status::cancelled() : runtime::Status{};
  }

 private:
  using Candidate = std::pair<float, uint32_t>;  // screened score, row

  void fill_rows() {
    half_ = score_.screen(rows_.row(0), rows_.stride()).half;
    half_.resize((matrix_.rows + kScreenBlock - 1) / kScreenBlock * kScreenBlock, 0);
    error_ = static_cast<float>(2 * screen_error(matrix_.dim) + (metric_ == Metric::kEuclid ? 1e-6 : 0));
  }

  void screen_block(std::size_t j, const runtime::Cancel& cancel) {
    ScreenColumns columns(matrix_.dim, isa_);
    runtime::Buffer products = runtime::Buffer::raw(kScreenBlock * kScreenBlock);
    columns.pack(rows_, j * kScreenBlock);
    for (std::size_t i = 0; i <= j && !cancel.requested(); ++i) {
      columns.multiply(rows_, i * kScreenBlock, products.data());
      std::unique_lock<std::mutex> lower(locks_[i]), upper;  // always the lower block first
      if (i != j) upper = std::unique_lock<std::mutex>(locks_[j]);
      offer_block(columns, i, j, products.data());
    }
  }

  // Offers each product to both of its rows.
  void offer_block(const ScreenColumns& columns, std::size_t block_i, std::size_t block_j, float* products) {
    const std::size_t first_i = block_i * kScreenBlock, first_j = block_j * kScreenBlock;
    const float* __restrict column_half = half_.data() + first_j;
    const float* column_bar = bar_.data() + first_j;
    for (std::size_t r = 0; r < kScreenBlock; ++r) {
      const std::size_t i = first_i + r;
      if (i >= matrix_.rows) return;
      float* __restrict row = products + r * kScreenBlock;
      if (metric_ == Metric::kEuclid)
        for (std::size_t c = 0; c < kScreenBlock; ++c) row[c] -= half_[i] + column_half[c];
      if (score_.excluded(i)) continue;
      uint32_t hits[kScreenBlock / 32];
      columns.above(row, bar_[i], column_bar, hits);
      for (std::size_t word = 0; word < kScreenBlock / 32; ++word)
        for (; hits[word] != 0; hits[word] &= hits[word] - 1) {
          const std::size_t c = 32 * word + static_cast<std::size_t>(__builtin_ctz(hits[word])), j = first_j + c;
          if (j <= i && block_i == block_j) continue;  // a diagonal block holds each pair twice
          if (j >= matrix_.rows || score_.excluded(j)) continue;
          if (row[c] > bar_[i]) offer(i, row[c], j);
          if (row[c] > bar_[j]) offer(j, row[c], i);
        }
    }
  }

  // Inserts a candidate (best first), raises the bar, and drops candidates below it. If too many remain, because rows
  // are too similar for single precision, only the k that are nearest by the exact score are kept: the k nearest of all
  // rows are among the k nearest of any subset that holds them.
  void offer(std::size_t i, float screened, std::size_t other) {
    auto& found = candidates_[i];
    if (found.empty()) found.reserve(capacity_);
    const auto better = [](const Candidate& a, const Candidate& b) { return a.first > b.first; };
    const Candidate candidate(screened, static_cast<uint32_t>(other));
    found.insert(std::upper_bound(found.begin(), found.end(), candidate, better), candidate);
    if (found.size() < k_) return;
    bar_[i] = std::max(bar_[i], found[k_ - 1].first - error_);
    while (found.back().first < bar_[i]) found.pop_back();
    if (found.size() == capacity_) keep_nearest(found, i);
  }

  void keep_nearest(std::vector<Candidate>& found, std::size_t i) const {
    std::vector<Candidate> kept;
    kept.reserve(capacity_);
    const Score::Ranked nearest = this->nearest(i);
    for (const Candidate& candidate : found)
      for (const auto& ranked : nearest)
        if (ranked.second == candidate.second) kept.push_back(candidate);
    found = std::move(kept);
  }

  Score::Ranked nearest(std::size_t i) const {
    std::vector<uint32_t> rows;
    for (const auto& [screened, j] : candidates_[i]) rows.push_back(j);
    return score_.nearest(i, rows, k_);
  }

  void finish(std::size_t i) {
    score_.write(nearest(i), i, result_);
    std::vector<std::pair<float, uint32_t>>().swap(candidates_[i]);
  }

  const Matrix matrix_;
  const Metric metric_;
  const runtime::Isa isa_;
  const std::size_t k_, capacity_;
  Score score_;
  ScreenRows rows_;
  Neighbours& result_;
  std::size_t blocks_ = 0;
  float error_ = 0;
  std::vector<float> half_;  // Euclid: half of each row's square
  std::vector<float> bar_;
  std::vector<std::vector<Candidate>> candidates_;
  std::vector<std::mutex> locks_;  // one a block of rows, for its candidates and bars
};

}  // namespace

runtime::Status nearest_neighbours(const Matrix& matrix, std::size_t k, std::size_t threads,
                                   const runtime::Cancel& cancel, Neighbours& result, Metric metric, runtime::Isa isa) {
  result.rows = matrix.rows;
  result.k = matrix.rows == 0 ? 0 : std::min(k, matrix.rows - 1);
  result.index.assign(result.rows * result.k, kNoNeighbour);
  result.similarity.assign(result.rows * result.k, 0);
  return Search(matrix, metric, isa, result).run(threads, cancel);
}

}  // namespace infomotion::graph
