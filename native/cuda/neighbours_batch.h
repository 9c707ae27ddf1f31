// The nearest neighbours of all rows, block of rows by block of rows, on a Runtime (flow_batch.h).
#pragma once

#include <algorithm>
#include <cstddef>

#include "device/plugin_interface.h"
#include "flow_batch.h"
#include "neighbours_kernels.h"

namespace infomotion::cuda {

// Products of one launch: some ten milliseconds of a large GPU, so that a search can be given up.
constexpr double kProductsALaunch = 2e11;

// `blocks`: how many blocks of threads keep the device busy. False once anything failed or `cancel` was raised.
template <class Runtime>
bool search_neighbours(Runtime& runtime, const InfomotionNeighboursRequest& request, int blocks) {
  const std::size_t rows = request.rows, dim = request.dim, wanted = request.wanted;
  const double products_a_tile = static_cast<double>(rows) * static_cast<double>(dim) * SearchTile::kRows;
  const std::size_t all_tiles = (rows + SearchTile::kRows - 1) / SearchTile::kRows;
  const auto tiles =
      static_cast<std::size_t>(std::clamp(kProductsALaunch / products_a_tile, 1.0, static_cast<double>(all_tiles)));
  const std::size_t rows_a_launch = std::min(tiles * SearchTile::kRows, rows);
  const std::size_t column_tiles = (rows + SearchTile::kColumns - 1) / SearchTile::kColumns;
  const int segments = static_cast<int>(std::min({(static_cast<std::size_t>(blocks) + tiles - 1) / tiles, column_tiles,
                                                  std::size_t{MergeSegments::kMaxSegments}}));

  auto* values = runtime.template device<float>(Buffer::kValues, rows * dim);
  auto* bias = request.bias != nullptr ? runtime.template device<float>(Buffer::kBias, rows) : nullptr;
  auto* skip = request.skip != nullptr ? runtime.template device<std::uint8_t>(Buffer::kSkip, rows) : nullptr;
  auto* lists = runtime.template device<std::uint32_t>(Buffer::kLists, rows_a_launch * segments * wanted);
  auto* list_scores = runtime.template device<float>(Buffer::kListScores, rows_a_launch * segments * wanted);
  std::uint32_t* index[2];
  float* score[2];
  for (const int turn : {0, 1}) {
    index[turn] = runtime.template device<std::uint32_t>(of_turn(Buffer::kIndex0, turn), rows_a_launch * wanted);
    score[turn] = runtime.template device<float>(of_turn(Buffer::kScore0, turn), rows_a_launch * wanted);
  }
  if (runtime.failed()) return false;
  runtime.upload(values, request.values, rows * dim * sizeof(float));
  if (bias != nullptr) runtime.upload(bias, request.bias, rows * sizeof(float));
  if (skip != nullptr) runtime.upload(skip, request.skip, rows);
  runtime.uploaded();

  int turn = 0;
  for (std::size_t first = 0; first < rows; first += rows_a_launch, turn = 1 - turn) {
    if (request.cancel.requested != nullptr && request.cancel.requested(request.cancel.context)) return false;
    const std::size_t last = std::min(first + rows_a_launch, rows), count = last - first;
    if (first >= 2 * rows_a_launch) runtime.wait(turn);
    SearchTile search = {};
    search.rows = static_cast<int>(rows);
    search.dim = static_cast<int>(dim);
    search.wanted = static_cast<int>(wanted);
    search.values = values;
    search.bias = bias;
    search.skip = skip;
    search.first_row = static_cast<int>(first);
    search.last_row = static_cast<int>(last);
    search.segments = segments;
    search.index = lists;
    search.score = list_scores;
    runtime.launch(search, search.grid());
    const MergeSegments merge = {
        static_cast<int>(count), static_cast<int>(wanted), segments, lists, list_scores, index[turn], score[turn]};
    runtime.launch(merge, merge.grid());
    runtime.computed();
    runtime.download(request.index + first * wanted, index[turn], count * wanted * sizeof(std::uint32_t));
    runtime.download(request.score + first * wanted, score[turn], count * wanted * sizeof(float));
    runtime.mark(turn);
  }
  return !runtime.failed();
}

}  // namespace infomotion::cuda
