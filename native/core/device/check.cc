#include "device/check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "device/flow.h"
#include "device/neighbours.h"
#include "features/motion.h"
#include "flow/farneback.h"
#include "graph/knn.h"
#include "runtime/random.h"

namespace infomotion::device {
namespace {

constexpr int kWidth = 75, kHeight = 67, kGrid = 4;  // two levels, no multiple of anything
constexpr float kTolerance = 1e-3f;                  // px, and px/frame in the cells
constexpr std::size_t kRows = 150, kDim = 19, kNeighbours = 5;

// Waves that drift by a pixel and a bit a frame.
std::vector<std::uint8_t> frames(int count) {
  std::vector<std::uint8_t> pixels;
  for (int t = 0; t < count; ++t)
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) {
        const double a = x - 1.3 * t, b = y + 0.6 * t;
        pixels.push_back(static_cast<std::uint8_t>(128 + 40 * std::sin(0.31 * a + 0.12 * b) +
                                                   40 * std::cos(0.23 * b - 0.07 * a) +
                                                   30 * std::sin(0.05 * a * b / 9)));
      }
  return pixels;
}

float difference(const std::vector<float>& a, const std::vector<float>& b) {
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float apart = std::fabs(a[i] - b[i]);
    if (!(apart <= kTolerance)) return apart;  // a NaN too
    most = std::max(most, apart);
  }
  return most;
}

std::string check_flow(const InfomotionPlugin& table, bool gaussian) {
  constexpr int kFrames = 3;
  constexpr std::size_t kPixels = static_cast<std::size_t>(kWidth) * kHeight;
  const std::vector<std::uint8_t> clip = frames(kFrames);
  flow::FarnebackParams params;
  params.gaussian = gaussian;
  features::MotionCells cells(kWidth, kHeight, kGrid);
  std::vector<float> expected((kFrames - 1) * kPixels * 2), expected_cells((kFrames - 1) * cells.size());
  std::vector<float> flow(expected.size(), NAN), measured(expected_cells.size(), NAN);
  flow::FarnebackSequence sequence;
  runtime::Status status = sequence.init(kWidth, kHeight, params);
  const runtime::Cancel cancel;
  for (std::size_t t = 0; status.ok() && t < kFrames; ++t) {
    float* pair = expected.data() + (t > 0 ? t - 1 : 0) * kPixels * 2;
    status = sequence.push(clip.data() + t * kPixels, nullptr, pair, cancel);
    if (t > 0) cells.measure(pair, 1, expected_cells.data() + (t - 1) * cells.size());
  }
  const InfomotionClip one = {clip.data(), kFrames, nullptr, flow.data(), measured.data()};
  const InfomotionFlowRequest request = flow_request(kWidth, kHeight, false, params, kGrid, &one, 1, cancel);
  InfomotionMessage message = {};
  const std::int32_t result = table.flow(&request, &message);
  if (result != kInfomotionDone) return "the device's check failed: " + std::string(message.text);
  const float of_flow = difference(expected, flow), of_cells = difference(expected_cells, measured);
  if (of_flow <= kTolerance && of_cells <= kTolerance) return {};
  const float apart = of_flow <= kTolerance ? of_cells : of_flow;
  return "the device computes another flow than the CPU (" + std::to_string(apart) + " px apart in a check)";
}

std::string check_neighbours(const InfomotionPlugin& table) {
  runtime::Random random(7);
  std::vector<float> values(kRows * kDim);
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.3);
  const runtime::Cancel cancel;
  const graph::Matrix matrix = {kRows, kDim, values.data()};
  for (const graph::Metric metric : {graph::Metric::kCosine, graph::Metric::kEuclid}) {
    graph::Neighbours expected, found;
    runtime::Status status = nearest_neighbours(matrix, kNeighbours, 1, cancel, expected, metric);
    if (status.ok()) status = nearest_neighbours(table, matrix, kNeighbours, cancel, found, metric);
    if (!status.ok()) return "the device's check failed: " + status.message;
    if (found.index != expected.index || found.similarity != expected.similarity)
      return "the device finds other neighbours than the CPU in a check";
  }
  return {};
}

}  // namespace

std::string check(const InfomotionPlugin& table) {
  for (const bool gaussian : {false, true})
    if (std::string reason = check_flow(table, gaussian); !reason.empty()) return reason;
  return check_neighbours(table);
}

}  // namespace infomotion::device
