#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "device/check.h"
#include "device/cuda.h"
#include "device/flow.h"
#include "device/neighbours.h"
#include "emulator.h"
#include "features/clip.h"
#include "features/motion.h"
#include "flow/farneback.h"
#include "flow/matrices.h"
#include "golden.h"
#include "graph/knn.h"
#include "runtime/random.h"
#include "runtime/thread_pool.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::graph;
using namespace infomotion::runtime;
using cuda::emulated_plugin;
using cuda::emulation;
using flow::FarnebackParams;

namespace {

const Cancel kNever;

// Both orders of blocks and threads, each stream's work at once and as late as can be: four of the sixteen.
void set_order(int i) {
  emulation().backwards = i % 2 == 1;
  emulation().late_in = i == 1 || i == 2;
  emulation().late_compute = i == 1 || i == 3;
  emulation().late_out = i == 1 || i == 2 || i == 3;
}
constexpr int kOrders = 4;

struct Sizes {
  int width, height;
  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
};

std::vector<std::uint8_t> moving(Sizes size, int frames, std::uint32_t seed) {
  std::vector<std::uint8_t> pixels;
  Random random(seed);
  double waves[6][3];
  for (auto& wave : waves)
    for (double& value : wave) value = random.uniform();
  for (int t = 0; t < frames; ++t)
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x) {
        double grey = 128;
        for (const auto& wave : waves)
          grey += 25 * std::sin((wave[0] - 0.5) * (x - 1.1 * t) + (wave[1] - 0.5) * (y + 0.7 * t) + 6.3 * wave[2]);
        pixels.push_back(static_cast<std::uint8_t>(std::clamp(grey, 0.0, 255.0)));
      }
  return pixels;
}

template <typename T>
std::vector<float> on_cpu(Sizes size, const std::vector<T>& frames, const FarnebackParams& params,
                          const float* initial = nullptr) {
  const std::size_t count = frames.size() / size.pixels(), pair = size.pixels() * 2;
  flow::FarnebackSequence sequence;
  CHECK(sequence.init(size.width, size.height, params).ok());
  std::vector<float> flow((count - 1) * pair);
  for (std::size_t t = 0; t < count; ++t) {
    const std::size_t at = t > 0 ? (t - 1) * pair : 0;
    CHECK(sequence.push(frames.data() + t * size.pixels(), initial ? initial + at : nullptr, flow.data() + at, kNever)
              .ok());
  }
  return flow;
}

Status compute(Sizes size, bool floats, const FarnebackParams& params, const std::vector<InfomotionClip>& clips,
               const Cancel& cancel = kNever, int grid = 4) {
  const auto request =
      device::flow_request(size.width, size.height, floats, params, grid, clips.data(), clips.size(), cancel);
  InfomotionMessage message = {};
  return device::to_status(emulated_plugin().flow(&request, &message), message);
}

template <typename T>
std::vector<float> on_device(Sizes size, const std::vector<T>& frames, const FarnebackParams& params,
                             const float* initial = nullptr) {
  const std::size_t count = frames.size() / size.pixels();
  std::vector<float> flow((count - 1) * size.pixels() * 2, std::nanf(""));
  CHECK(compute(size, sizeof(T) > 1, params, {{frames.data(), count, initial, flow.data(), nullptr}}).ok());
  return flow;
}

// The greatest difference; infinite where one of them is no number.
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double most = a.size() == b.size() ? 0 : std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    most = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(most, difference);
  }
  return most;
}

std::size_t values_apart(const std::vector<float>& a, const std::vector<float>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += !(std::fabs(a[i] - b[i]) <= 1e-3f);
  return count;
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST("cuda kernels: the golden cases, within 1e-3 px of OpenCV and of the CPU, in any order of blocks and threads") {
  const auto cases = test::golden_cases(test::fixtures() + "farneback-golden/");
  CHECK(cases.size() == 9);
  for (const test::GoldenCase& golden : cases) {
    const Sizes size = {golden.width, golden.height};
    const float* initial = golden.initial.empty() ? nullptr : golden.initial.data();
    std::vector<std::uint8_t> frames = golden.a;
    frames.insert(frames.end(), golden.b.begin(), golden.b.end());
    std::vector<float> first;
    for (int order = 0; order < 2; ++order) {
      set_order(order);
      const std::vector<float> flow = on_device(size, frames, golden.params, initial);
      CHECK_NEAR(apart(flow, golden.flow), 0, 1e-3);
      CHECK_NEAR(apart(flow, on_cpu(size, frames, golden.params, initial)), 0, 1e-3);
      if (first.empty()) first = flow;
      else CHECK(same(flow, first));
    }
  }
  emulation() = {};
}

TEST("cuda kernels: any size, window, border, pyramid, first guess: the CPU's flow") {
  const Sizes sizes[] = {{1, 1}, {1, 9}, {5, 3}, {2, 40}, {31, 31}, {33, 47}, {64, 33}, {97, 113}, {130, 70}};
  Random random(11);
  int tried = 0;
  for (const Sizes& size : sizes)
    for (const int winsize : {1, 2, 9, 15, 33, 90}) {
      FarnebackParams params;
      params.winsize = winsize;
      params.gaussian = ++tried % 2 == 0;
      params.border = tried % 3 == 0 ? flow::Border::kSymmetric : flow::Border::kOpenCV;
      params.poly_n = 1 + static_cast<int>(random.below(31));
      params.poly_sigma = random.below(2) == 0 ? 0 : 0.4 + 2 * random.uniform();
      params.pyr_scale = 0.3 + 0.55 * random.uniform();
      params.levels = static_cast<int>(random.below(5));
      params.iterations = static_cast<int>(random.below(4));
      const auto frames = moving(size, 3, tried);
      std::vector<float> initial;
      if (tried % 4 == 0)
        for (std::size_t i = 0; i < size.pixels() * 4; ++i)
          initial.push_back(static_cast<float>(6 * random.uniform() - 3));
      set_order(tried % kOrders);
      const float* guess = initial.empty() ? nullptr : initial.data();
      const std::vector<float> ours = on_device(size, frames, params, guess),
                               expected = on_cpu(size, frames, params, guess);
      if (winsize > 2) CHECK_NEAR(apart(ours, expected), 0, 1e-3);
      // A window of a pixel or two leaves singular equations, which magnify any rounding: as many values may differ as
      // do on the CPU alone when every grey level changes by its last bit.
      if (winsize > 2) continue;
      std::vector<float> shaken(frames.begin(), frames.end());
      for (float& grey : shaken) grey *= 1 + 2e-7f * static_cast<float>(random.uniform() - 0.5);
      const std::vector<float> other = on_cpu(size, shaken, params, guess);
      CHECK(values_apart(ours, expected) <= 4 * values_apart(other, expected) + 10);
    }
  emulation() = {};
}

TEST(
    "cuda kernels: frames with a side below ten pixels, where border weights are no product of the axes': the CPU's "
    "flow") {
  std::vector<Sizes> sizes;
  for (int narrow = 1; narrow < flow::kNarrow; ++narrow)
    for (const int other : {1, 4, 5, 9, 10, 11, 40}) {
      sizes.push_back({narrow, other});
      sizes.push_back({other, narrow});
    }
  int tried = 0;
  for (const Sizes& size : sizes)
    for (const int winsize : {7, 15, 90}) {
      FarnebackParams params;
      params.gaussian = ++tried % 2 == 0;
      params.winsize = params.gaussian ? std::max(winsize, 11) : winsize;  // below, equations are all but singular
      params.border = tried % 5 == 0 ? flow::Border::kSymmetric : flow::Border::kOpenCV;
      const auto frames = moving(size, 2, tried);
      CHECK_NEAR(apart(on_device(size, frames, params), on_cpu(size, frames, params)), 0, 1e-3);
    }
}

TEST("cuda kernels: a batch of clips of different lengths is its clips, whatever fits into memory at a time") {
  const Sizes size = {70, 66};
  std::vector<std::vector<std::uint8_t>> frames;
  std::vector<std::vector<float>> guesses;
  const int lengths[] = {5, 1, 0, 2, 9, 1, 3};
  for (const int length : lengths) frames.push_back(moving(size, length, 20 + length));
  Random random(5);
  for (const int length : lengths) {
    guesses.emplace_back();
    for (std::size_t i = 0; length % 2 == 1 && length > 1 && i < (length - 1) * size.pixels() * 2; ++i)
      guesses.back().push_back(static_cast<float>(random.uniform()));
  }
  features::MotionCells cells(size.width, size.height, 4);
  for (const std::size_t workspace :
       {std::size_t{1}, std::size_t{600} << 10, std::size_t{1200} << 10, std::size_t{64} << 20})
    for (int order = 0; order < kOrders; ++order) {
      set_order(order);
      emulation().workspace = workspace;
      std::vector<std::vector<float>> flows, values;
      std::vector<InfomotionClip> clips;
      for (const int length : lengths) {
        flows.emplace_back(length > 1 ? (length - 1) * size.pixels() * 2 : 0, std::nanf(""));
        values.emplace_back(length > 1 ? (length - 1) * cells.size() : 0, std::nanf(""));
      }
      for (std::size_t i = 0; i < frames.size(); ++i)
        clips.push_back({frames[i].data(), static_cast<std::uint64_t>(lengths[i]),
                         guesses[i].empty() ? nullptr : guesses[i].data(), lengths[i] == 2 ? nullptr : flows[i].data(),
                         lengths[i] == 3 ? nullptr : values[i].data()});
      CHECK(compute(size, false, {}, clips).ok());
      emulation() = {};
      for (std::size_t i = 0; i < frames.size(); ++i) {
        if (lengths[i] < 2) continue;
        const float* guess = guesses[i].empty() ? nullptr : guesses[i].data();
        const std::vector<float> alone = on_device(size, frames[i], {}, guess);
        if (lengths[i] != 2) CHECK(same(flows[i], alone));
        if (lengths[i] == 3) continue;
        for (int t = 0; t + 1 < lengths[i]; ++t) {
          std::vector<float> expected(cells.size());
          cells.measure(alone.data() + t * size.pixels() * 2, 1, expected.data());
          const float* found = values[i].data() + t * cells.size();
          CHECK_NEAR(apart({found, found + cells.size()}, expected), 0, 1e-5);
        }
      }
    }
}

TEST("cuda kernels: cells of any grid, and cells without a pixel") {
  for (const Sizes size : {Sizes{37, 23}, Sizes{3, 5}, Sizes{1, 1}})
    for (const int grid : {1, 3, 4, 32}) {
      const auto frames = moving(size, 2, 9);
      features::MotionCells cells(size.width, size.height, grid);
      std::vector<float> flow(size.pixels() * 2), found(cells.size(), std::nanf("")), expected(cells.size());
      CHECK(compute(size, false, {}, {{frames.data(), 2, nullptr, flow.data(), found.data()}}, kNever, grid).ok());
      cells.measure(flow.data(), 1, expected.data());
      CHECK_NEAR(apart(found, expected), 0, 1e-5);
    }
}

TEST(
    "cuda kernels: floats are bytes; equal frames have no flow at all under the symmetric border; nor has what is "
    "flat") {
  const Sizes size = {113, 97};
  auto frames = moving(size, 2, 3);
  const std::vector<float> floats(frames.begin(), frames.end());
  CHECK(same(on_device(size, frames, {}), on_device(size, floats, {})));
  std::copy_n(frames.begin(), size.pixels(), frames.begin() + static_cast<std::ptrdiff_t>(size.pixels()));
  for (const bool gaussian : {false, true}) {
    FarnebackParams params;
    params.gaussian = gaussian;
    CHECK(apart(on_device(size, frames, params), std::vector<float>(size.pixels() * 2)) > 0);
    params.border = flow::Border::kSymmetric;
    CHECK(apart(on_device(size, frames, params), std::vector<float>(size.pixels() * 2)) == 0);
    const std::vector<std::uint8_t> flat(size.pixels() * 2, 7);
    CHECK(apart(on_device(size, flat, params), std::vector<float>(size.pixels() * 2)) == 0);
  }
}

TEST("cuda kernels: values that are not finite stay inside (sanitizers see it)") {
  const Sizes size = {80, 80};
  const auto bytes = moving(size, 2, 3);
  std::vector<float> frames(bytes.begin(), bytes.end());
  frames[40 * 80 + 40] = std::nanf("");
  frames[10] = std::numeric_limits<float>::infinity();
  const std::vector<float> guess(size.pixels() * 2, 1e30f);
  for (const int winsize : {15, 60}) {
    FarnebackParams params;
    params.winsize = winsize;
    CHECK(on_device(size, frames, params, guess.data()).size() == guess.size());
  }
}

TEST("cuda: a clip's features are the CPU's, with a volume and without") {
  const Sizes size = {72, 64};
  const auto frames = moving(size, 12, 4);
  const features::Clip clip = {frames.data(), size.width, size.height, 12, 50};
  for (const bool volume : {false, true}) {
    features::ClipParams params;
    params.flow.border = flow::Border::kSymmetric;
    if (volume) params.volume = features::VolumeParams{16, 32, 10};
    features::ClipFeatures ours, expected;
    CHECK(device::describe_clip(emulated_plugin(), clip, params, kNever, &ours).ok());
    CHECK(features::describe_clip(clip, params, kNever, &expected).ok());
    for (std::size_t i = 0; i < expected.descriptor.size(); ++i)
      CHECK_NEAR(ours.descriptor[i], expected.descriptor[i], 2e-3 + 1e-4 * std::fabs(expected.descriptor[i]));
    CHECK(ours.mean_frame == expected.mean_frame && ours.deviation == expected.deviation);
    CHECK(ours.volume.size() == expected.volume.size());
    for (std::size_t i = 0; i < expected.volume.size(); ++i) CHECK(std::abs(ours.volume[i] - expected.volume[i]) <= 1);
  }
  const features::Clip still = {frames.data(), size.width, size.height, 1, 50};
  features::ClipFeatures ours, expected;
  CHECK(device::describe_clip(emulated_plugin(), still, {}, kNever, &ours).ok());
  CHECK(features::describe_clip(still, {}, kNever, &expected).ok());
  CHECK(ours.descriptor == expected.descriptor);
  CHECK(device::describe_clip(emulated_plugin(), {nullptr, 4, 4, 0, 50}, {}, kNever, &ours).code == "INVALID_ARGUMENT");
}

TEST("cuda: cancelled, out of memory, no device, out of range: each with its code, and usable again") {
  const Sizes size = {64, 64};
  const auto frames = moving(size, 40, 4);
  std::vector<float> flow(39 * size.pixels() * 2);
  const std::vector<InfomotionClip> clips = {{frames.data(), 40, nullptr, flow.data(), nullptr}};
  Cancel cancel;
  cancel.request();
  CHECK(compute(size, false, {}, clips, cancel).code == "ABORTED");
  emulation().device_bytes = 100000;
  emulation().workspace = std::size_t{32} << 20;
  Status status = compute({480, 480}, false, {}, {{flow.data(), 2, nullptr, flow.data(), nullptr}});
  CHECK(status.code == "CUDA_OUT_OF_MEMORY");
  CHECK(status.message.find("bytes of device memory") != std::string::npos);
  emulation() = {};
  emulation().unavailable = "no device here";
  status = compute(size, false, {}, clips);
  CHECK(status.code == "CUDA_UNAVAILABLE" && status.message == "no device here");
  emulation() = {};
  FarnebackParams params;
  params.poly_n = 32;
  CHECK(compute(size, false, params, clips).code == "CUDA_FAILED");
  CHECK(compute(size, false, {}, clips).ok());
  CHECK(apart(flow, on_cpu(size, frames, {})) <= 1e-3);
}

TEST("cuda: a device is checked against the CPU") {
  for (int order = 0; order < kOrders; ++order) {
    set_order(order);
    CHECK(device::check(emulated_plugin()).empty());
  }
  emulation() = {};
  InfomotionPlugin wrong = emulated_plugin();
  wrong.flow = [](const InfomotionFlowRequest* request, InfomotionMessage* message) {
    const std::int32_t result = emulated_plugin().flow(request, message);
    request->clips[0].flow[5] = std::nanf("");
    return result;
  };
  CHECK(device::check(wrong).find("another flow than the CPU") != std::string::npos);
  wrong = emulated_plugin();
  wrong.neighbours = [](const InfomotionNeighboursRequest* request, InfomotionMessage* message) {
    const std::int32_t result = emulated_plugin().neighbours(request, message);
    request->index[3] = request->index[4];
    return result;
  };
  CHECK(device::check(wrong).find("other neighbours") != std::string::npos);
}

TEST("cuda kernels: neighbours are the CPU's, to the last bit, for sizes around the tiles") {
  Random random(1);
  for (const std::size_t rows : {1, 2, 3, 63, 64, 65, 127, 129, 200, 333})
    for (const std::size_t dim : {1, 3, 16, 17, 40}) {
      std::vector<float> values(rows * dim);
      for (float& value : values) value = static_cast<float>(random.uniform() - 0.4);
      if (rows > 60)  // rows of zeros, equal rows, opposite rows
        for (std::size_t d = 0; d < dim; ++d) {
          values[7 * dim + d] = 0;
          values[11 * dim + d] = values[50 * dim + d] = values[51 * dim + d];
          values[12 * dim + d] = -values[13 * dim + d];
        }
      const Matrix matrix = {rows, dim, values.data()};
      for (const Metric metric : {Metric::kCosine, Metric::kEuclid}) {
        set_order(static_cast<int>(rows + dim) % kOrders);
        Neighbours expected, found;
        CHECK(nearest_neighbours(matrix, 7, 1, kNever, expected, metric).ok());
        CHECK(device::nearest_neighbours(emulated_plugin(), matrix, 7, kNever, found, metric).ok());
        CHECK(found.k == expected.k && found.index == expected.index && found.similarity == expected.similarity);
      }
    }
  emulation() = {};
}

TEST("cuda kernels: neighbours among rows too alike for single precision; cancelled; values that are no numbers") {
  std::vector<float> values;
  for (int i = 0; i < 150; ++i)
    for (int d = 0; d < 8; ++d) values.push_back(1.0f + 1e-6f * static_cast<float>((i * 37 + d * 11) % 150));
  const Matrix matrix = {150, 8, values.data()};
  for (const Metric metric : {Metric::kCosine, Metric::kEuclid}) {
    Neighbours expected, found;
    CHECK(nearest_neighbours(matrix, 5, 1, kNever, expected, metric).ok());
    CHECK(device::nearest_neighbours(emulated_plugin(), matrix, 5, kNever, found, metric).ok());
    CHECK(found.index == expected.index && found.similarity == expected.similarity);
  }
  Cancel cancel;
  cancel.request();
  Neighbours found;
  CHECK(device::nearest_neighbours(emulated_plugin(), matrix, 5, cancel, found, Metric::kCosine).code == "ABORTED");
  values[17] = std::nanf("");
  CHECK(device::nearest_neighbours(emulated_plugin(), matrix, 5, kNever, found, Metric::kCosine).code ==
        "INVALID_ARGUMENT");
}

TEST("cuda: calls from many threads at once") {
  const Sizes size = {40, 36};
  const auto frames = moving(size, 4, 8);
  const std::vector<float> expected = on_device(size, frames, {});
  std::vector<std::vector<float>> flows(24);
  parallel_for(flows.size(), 8, [&](std::size_t i) { flows[i] = on_device(size, frames, {}); });
  for (const auto& flow : flows) CHECK(same(flow, expected));
}

TEST("cuda: what is measured is one pass over the batch") {
  const Sizes size = {64, 64};
  const auto frames = moving(size, 9, 4);
  const InfomotionClip clip = {frames.data(), 9, nullptr, nullptr, nullptr};
  const auto request = device::flow_request(size.width, size.height, false, {}, 4, &clip, 1, kNever);
  InfomotionMeasurement measured = {};
  InfomotionMessage message = {};
  emulation().workspace = std::size_t{64} << 20;
  CHECK(emulated_plugin().measure(&request, 2, &measured, &message) == kInfomotionDone);
  CHECK(measured.launches == 2 * (2 + 3));  // two levels: an image, an expansion, three iterations
  // 64 x 64 and 32 x 32 pixels. Frame: bytes read twice, image written and read, five floats an expansion. Pair: three
  // iterations read two expansions, read a flow (none; or the coarser one first) and write one.
  const double frame = 2 * 4096 + 5120.0 * 28, pair = 3 * 5120.0 * 48 + 8 * (2 * 1024 + 1024 + 2 * 4096);
  CHECK(measured.bytes == 9 * frame + 8 * pair);
  emulation() = {};
}
