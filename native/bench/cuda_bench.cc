// cuda_bench [--quick] [PLUGIN]: what the CUDA plugin gives, held against the CPU and against OpenCV, and how fast.
// Needs no Node; PLUGIN is build/Release/libinfomotion_cuda.so if not given. Prints a JSON line a row. Exit status: 0
// all agrees; 1 something does not; 77 not run, with the reason.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../test/golden.h"
#include "device/cuda.h"
#include "device/flow.h"
#include "device/neighbours.h"
#include "features/motion.h"
#include "flow/farneback.h"
#include "graph/knn.h"
#include "runtime/random.h"

using namespace infomotion;
using namespace infomotion::graph;
using namespace infomotion::runtime;
using flow::FarnebackParams;

namespace {

constexpr int kNotRun = 77;
constexpr double kTolerance = 1e-3;  // px
constexpr int kGrid = 4;
const Cancel kNever;

bool all_agree = true;

struct Shape {
  int width, height;
  std::size_t pixels() const { return static_cast<std::size_t>(width) * height; }
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Median of the wall times of some calls, after one that warms up.
template <class Call>
double seconds_of(int repeats, const Call& call) {
  std::vector<double> times;
  for (int i = 0; i <= repeats; ++i) {
    const double start = seconds_now();
    call();
    if (i > 0) times.push_back(seconds_now() - start);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double most = a.size() == b.size() ? 0 : HUGE_VAL;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    most = std::isnan(difference) ? HUGE_VAL : std::max(most, difference);
  }
  return most;
}

// A row of agreement: `most` is how far results are apart.
void report(const std::string& name, double most, double tolerance, const char* unit) {
  const bool agrees = most <= tolerance;
  all_agree = all_agree && agrees;
  std::printf("{\"name\":\"%s\",\"apart\":%g,\"tolerance\":%g,\"unit\":\"%s\",\"agrees\":%s}\n", name.c_str(), most,
              tolerance, unit, agrees ? "true" : "false");
  std::fflush(stdout);
}

std::vector<std::uint8_t> speckle(Shape shape, int frames, std::uint32_t seed) {
  Random random(seed);
  double waves[8][3];
  for (auto& wave : waves)
    for (double& value : wave) value = random.uniform();
  std::vector<std::uint8_t> pixels;
  pixels.reserve(shape.pixels() * frames);
  for (int t = 0; t < frames; ++t)
    for (int y = 0; y < shape.height; ++y)
      for (int x = 0; x < shape.width; ++x) {
        const double dx = 6 * std::sin(0.11 * t), dy = 4 * std::cos(0.13 * t);
        double grey = 128;
        for (const auto& wave : waves)
          grey += 18 * std::sin((wave[0] - 0.5) * (x - dx) + (wave[1] - 0.5) * (y - dy) + 6.3 * wave[2]);
        pixels.push_back(static_cast<std::uint8_t>(std::clamp(grey, 0.0, 255.0)));
      }
  return pixels;
}

std::vector<float> on_cpu(Shape shape, const std::vector<std::uint8_t>& frames, const FarnebackParams& params,
                          const float* initial = nullptr) {
  const std::size_t count = frames.size() / shape.pixels(), pair = shape.pixels() * 2;
  std::vector<float> flow((std::max<std::size_t>(count, 1) - 1) * pair);
  flow::FarnebackSequence sequence;
  Status status = sequence.init(shape.width, shape.height, params);
  for (std::size_t t = 0; status.ok() && t < count; ++t) {
    const std::size_t at = t > 0 ? (t - 1) * pair : 0;
    status =
        sequence.push(frames.data() + t * shape.pixels(), initial ? initial + at : nullptr, flow.data() + at, kNever);
  }
  return flow;
}

void compute(const InfomotionPlugin& plugin, Shape shape, const FarnebackParams& params,
             const std::vector<InfomotionClip>& clips) {
  const auto request =
      device::flow_request(shape.width, shape.height, false, params, kGrid, clips.data(), clips.size(), kNever);
  InfomotionMessage message = {};
  if (plugin.flow(&request, &message) == kInfomotionDone) return;
  std::fprintf(stderr, "%s\n", message.text);
  std::exit(1);
}

void golden_cases(const InfomotionPlugin& plugin) {
  const char* fixtures = std::getenv("INFOMOTION_FIXTURES");
  const std::string folder = fixtures != nullptr ? fixtures : INFOMOTION_ROOT "/test/fixtures";
  const auto cases = test::golden_cases(folder + "/farneback-golden/");
  for (const test::GoldenCase& golden : cases) {
    const Shape shape = {golden.width, golden.height};
    std::vector<std::uint8_t> frames = golden.a;
    frames.insert(frames.end(), golden.b.begin(), golden.b.end());
    const float* initial = golden.initial.empty() ? nullptr : golden.initial.data();
    std::vector<float> flow(shape.pixels() * 2, NAN);
    compute(plugin, shape, golden.params, {{frames.data(), 2, initial, flow.data(), nullptr}});
    report("golden " + golden.name + ": OpenCV", apart(flow, golden.flow), kTolerance, "px");
    report("golden " + golden.name + ": CPU", apart(flow, on_cpu(shape, frames, golden.params, initial)), kTolerance,
           "px");
  }
  report("golden cases missing", static_cast<double>(9 - cases.size()), 0, "cases");
}

void batches(const InfomotionPlugin& plugin, bool quick) {
  const std::vector<int> lengths = quick ? std::vector<int>{3, 1, 7} : std::vector<int>{175, 1, 2, 60, 0, 211, 9, 33};
  for (const bool gaussian : {false, true})
    for (const int winsize : {15, 41}) {
      const Shape shape = {112, 112};
      FarnebackParams params;
      params.gaussian = gaussian;
      params.winsize = winsize;
      std::vector<std::vector<std::uint8_t>> frames;
      std::vector<std::vector<float>> flows, values;
      std::vector<InfomotionClip> clips;
      features::MotionCells cells(shape.width, shape.height, kGrid);
      for (const int length : lengths) {
        const std::size_t pairs = length > 1 ? length - 1 : 0;
        frames.push_back(speckle(shape, length, length));
        flows.emplace_back(pairs * shape.pixels() * 2, NAN);
        values.emplace_back(pairs * cells.size(), NAN);
      }
      for (std::size_t i = 0; i < lengths.size(); ++i)
        clips.push_back(
            {frames[i].data(), static_cast<std::uint64_t>(lengths[i]), nullptr, flows[i].data(), values[i].data()});
      compute(plugin, shape, params, clips);
      double of_flow = 0, of_cells = 0;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        const std::vector<float> flow = on_cpu(shape, frames[i], params);
        of_flow = std::max(of_flow, apart(flows[i], flow));
        std::vector<float> expected(values[i].size());
        for (std::size_t t = 0; t * cells.size() < expected.size(); ++t)
          cells.measure(flow.data() + t * shape.pixels() * 2, 1, expected.data() + t * cells.size());
        of_cells = std::max(of_cells, apart(values[i], expected));
      }
      const std::string name = "batch of " + std::to_string(lengths.size()) + " clips, window " +
                               std::to_string(winsize) + (gaussian ? " gaussian" : " box");
      report(name + ": flow", of_flow, kTolerance, "px");
      report(name + ": cells", of_cells, kTolerance, "px");
    }
}

void neighbours(const InfomotionPlugin& plugin, std::size_t rows, std::size_t dim) {
  Random random(3);
  std::vector<float> values(rows * dim);
  for (float& value : values) value = static_cast<float>(random.uniform() + random.uniform() - 0.8);
  const Matrix matrix = {rows, dim, values.data()};
  for (const Metric metric : {Metric::kCosine, Metric::kEuclid}) {
    Neighbours expected, found;
    Status status;
    const double device =
        seconds_of(3, [&] { status = device::nearest_neighbours(plugin, matrix, 10, kNever, found, metric); });
    const double cpu = seconds_of(1, [&] { nearest_neighbours(matrix, 10, 0, kNever, expected, metric); });
    const std::string name = std::to_string(rows) + " x " + std::to_string(dim) + " neighbours by " +
                             (metric == Metric::kCosine ? "cosine" : "distance");
    const bool equal = status.ok() && found.index == expected.index && found.similarity == expected.similarity;
    report(name, equal ? 0 : 1, 0, "differs");
    std::printf("{\"name\":\"%s\",\"seconds\":%g,\"cpuSeconds\":%g}\n", name.c_str(), device, cpu);
  }
}

// Many clips of EchoNet's length: computed on the device alone, and from and to memory of the host.
void speed(const InfomotionPlugin& plugin, Shape shape, bool gaussian, bool quick) {
  const int clips_at_once = quick ? 1 : std::max(1, static_cast<int>(32 * 112 * 112 / shape.pixels())),
            length = quick ? 8 : 175;
  FarnebackParams params;
  params.gaussian = gaussian;
  const std::vector<std::uint8_t> frames = speckle(shape, length, 5);
  const std::size_t pairs = static_cast<std::size_t>(length - 1) * clips_at_once;
  const std::size_t flow_values = (length - 1) * shape.pixels() * 2;
  const std::size_t cell_values = features::MotionCells(shape.width, shape.height, kGrid).size() * (length - 1);
  std::vector<float> flow(flow_values * clips_at_once), cells(cell_values * clips_at_once);
  std::vector<InfomotionClip> with_flow, with_cells, alone;
  for (int i = 0; i < clips_at_once; ++i) {
    const auto count = static_cast<std::uint64_t>(length);
    with_flow.push_back({frames.data(), count, nullptr, flow.data() + i * flow_values, nullptr});
    with_cells.push_back({frames.data(), count, nullptr, nullptr, cells.data() + i * cell_values});
    alone.push_back({frames.data(), count, nullptr, nullptr, nullptr});
  }
  const auto request =
      device::flow_request(shape.width, shape.height, false, params, kGrid, alone.data(), alone.size(), kNever);
  InfomotionMeasurement measured = {};
  InfomotionMessage message = {};
  if (plugin.measure(&request, quick ? 1 : 9, &measured, &message) != kInfomotionDone) {
    std::fprintf(stderr, "%s\n", message.text);
    std::exit(1);
  }
  const int repeats = quick ? 1 : 5;
  const double host = seconds_of(repeats, [&] { compute(plugin, shape, params, with_flow); });
  const double host_cells = seconds_of(repeats, [&] { compute(plugin, shape, params, with_cells); });
  const double cpu = seconds_of(1, [&] { on_cpu(shape, frames, params); }) / (length - 1);
  const double n = static_cast<double>(pairs);
  std::printf(
      "{\"name\":\"flow %dx%d %s\",\"pairs\":%zu,\"pairsPerSecond\":%.0f,\"pairsPerSecondFromHost\":%.0f,"
      "\"pairsPerSecondFromHostCellsOnly\":%.0f,\"pairsPerSecondOneCore\":%.0f,\"launches\":%llu,\"bytesPerPair\":%.0f,"
      "\"copyBandwidth\":%.4g,\"shareOfMemoryRoofline\":%.3f}\n",
      shape.width, shape.height, gaussian ? "gaussian" : "box", pairs, n / measured.seconds, n / host, n / host_cells,
      1 / cpu, static_cast<unsigned long long>(measured.launches), measured.bytes / n, measured.copy_bandwidth,
      measured.bytes / measured.seconds / measured.copy_bandwidth);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  const char* path = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    else path = argv[i];
  }
  setenv("INFOMOTION_CUDA", path != nullptr ? path : INFOMOTION_ROOT "/build/Release/libinfomotion_cuda.so",
         path != nullptr);
  const device::Cuda& cuda = device::cuda();
  if (!cuda.usable()) {
    std::printf("not run on a GPU: %s\n", cuda.reason.c_str());
    return kNotRun;
  }
  std::printf("{\"device\":\"%s\",\"capability\":\"%d.%d\",\"runtime\":\"%s\"}\n", cuda.devices[0].name,
              cuda.devices[0].major, cuda.devices[0].minor, cuda.runtime.c_str());
  golden_cases(*cuda.table);
  batches(*cuda.table, quick);
  neighbours(*cuda.table, quick ? 300 : 10000, quick ? 32 : 512);
  for (const bool gaussian : {false, true}) speed(*cuda.table, {112, 112}, gaussian, quick);
  if (!quick)
    for (const Shape shape : {Shape{256, 256}, Shape{640, 480}, Shape{1920, 1080}})
      speed(*cuda.table, shape, false, quick);
  std::printf(all_agree ? "all agrees\n" : "NOT ALL AGREES\n");
  return all_agree ? 0 : 1;
}
