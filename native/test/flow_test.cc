#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "flow/farneback.h"
#include "runtime/random.h"
#include "test.h"

using namespace infomotion;
using namespace infomotion::runtime;
using flow::FarnebackParams;
using flow::FarnebackSequence;

namespace {

struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;
};

Image read_pgm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int most = 0;
  Image image;
  file >> magic >> image.width >> image.height >> most;
  file.get();
  image.pixels.resize(static_cast<std::size_t>(image.width) * image.height);
  file.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  return image;
}

std::vector<float> read_flo(const std::string& path, std::size_t values) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(12);  // magic, width, height
  std::vector<float> flow(values);
  file.read(reinterpret_cast<char*>(flow.data()), static_cast<std::streamsize>(values * sizeof(float)));
  if (!file) flow.clear();
  return flow;
}

// A smooth random texture, moved by (dx, dy).
Image texture(int width, int height, double dx = 0, double dy = 0) {
  Image image = {width, height, {}};
  Random random(3);
  double waves[12][3];
  for (auto& wave : waves)
    for (double& value : wave) value = random.uniform();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double grey = 128;
      for (const auto& wave : waves)
        grey += 14 * std::sin((wave[0] - 0.5) * 0.9 * (x - dx) + (wave[1] - 0.5) * 0.9 * (y - dy) + 6.3 * wave[2]);
      image.pixels.push_back(static_cast<std::uint8_t>(std::fmin(255, std::fmax(0, std::lround(grey)))));
    }
  return image;
}

template <typename T>
std::vector<float> pair_flow(int width, int height, const std::vector<T>& a, const std::vector<T>& b,
                             const FarnebackParams& params = {}, const float* initial = nullptr,
                             Isa isa = current_isa(), int threads = 1) {
  const Cancel cancel;
  FarnebackSequence sequence;
  std::vector<float> flow(a.size() * 2, std::numeric_limits<float>::quiet_NaN());
  CHECK(sequence.init(width, height, params, threads, isa).ok());
  CHECK(sequence.push(a.data(), nullptr, nullptr, cancel).ok());
  CHECK(sequence.push(b.data(), initial, flow.data(), cancel).ok());
  return flow;
}

struct Difference {
  double most = 0, mean = 0;
};

// Once a NaN, `most` stays one: nothing is greater.
Difference difference(const std::vector<float>& a, const std::vector<float>& b) {
  CHECK(a.size() == b.size());
  Difference result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = std::fabs(a[i] - b[i]);
    if (std::isnan(apart) || apart > result.most) result.most = apart;
    result.mean += apart / static_cast<double>(a.size());
  }
  return result;
}

bool all_zero(const std::vector<float>& values) {
  for (float value : values)
    if (value != 0) return false;
  return true;
}

bool all_finite(const std::vector<float>& values) {
  for (float value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace

TEST("flow: OpenCV's results, nine cases, by every instruction set") {
  const std::string folder = test::fixtures() + "farneback-golden/";
  std::ifstream table(folder + "cases.txt");
  int cases = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name;
    int width, height, flags, with_initial;
    FarnebackParams params;
    fields >> name >> width >> height >> params.pyr_scale >> params.levels >> params.winsize >> params.iterations >>
        params.poly_n >> params.poly_sigma >> flags >> with_initial;
    params.gaussian = (flags & 256) != 0;
    const Image a = read_pgm(folder + name + ".a.pgm"), b = read_pgm(folder + name + ".b.pgm");
    const std::vector<float> expected = read_flo(folder + name + ".flo", a.pixels.size() * 2);
    std::vector<float> initial;
    if (with_initial) initial = read_flo(folder + name + ".init.flo", a.pixels.size() * 2);
    CHECK(a.width == width && a.height == height && expected.size() == a.pixels.size() * 2);

    const float* guess = with_initial ? initial.data() : nullptr;
    for (const Isa isa : available_isas()) {
      const auto apart = difference(pair_flow(width, height, a.pixels, b.pixels, params, guess, isa), expected);
      CHECK_NEAR(apart.most, 0, 2e-3);
      CHECK_NEAR(apart.mean, 0, 1e-5);
    }
    ++cases;
  }
  CHECK(cases == 9);
}

TEST("flow: a moved texture gives back its movement") {
  for (const double dx : {0.5, 1.0, 2.5, -3.0}) {
    const Image a = texture(112, 96), b = texture(112, 96, dx, -dx / 2);
    const std::vector<float> flow = pair_flow(112, 96, a.pixels, b.pixels);
    double error = 0;
    int inner = 0;
    for (int y = 16; y < 80; ++y)
      for (int x = 16; x < 96; ++x, ++inner) {
        const float* uv = &flow[2 * static_cast<std::size_t>(y * 112 + x)];
        error += std::hypot(uv[0] - dx, uv[1] + dx / 2);
      }
    CHECK_NEAR(error / inner, 0, 0.03);
  }
}

TEST("flow: no structure, no flow and no NaN") {
  for (const bool gaussian : {false, true}) {
    FarnebackParams params;
    params.gaussian = gaussian;
    CHECK(all_zero(pair_flow(40, 70, std::vector<std::uint8_t>(2800, 7), std::vector<std::uint8_t>(2800, 7), params)));
    CHECK(all_zero(pair_flow(40, 70, std::vector<float>(2800, 0.0f), std::vector<float>(2800, 0.0f), params)));
  }
}

TEST("flow: equal frames have none under the symmetric border, and some at OpenCV's last row and column") {
  const Image a = texture(113, 97);
  FarnebackParams params;
  CHECK(!all_zero(pair_flow(113, 97, a.pixels, a.pixels, params)));
  params.border = flow::Border::kSymmetric;
  CHECK(all_zero(pair_flow(113, 97, a.pixels, a.pixels, params)));
}

TEST("flow: any size, any window") {
  const int sizes[][2] = {{1, 1}, {1, 9}, {5, 3}, {2, 40}, {31, 31}, {33, 47}, {64, 33}, {97, 113}};
  for (const auto& size : sizes) {
    const int w = size[0], h = size[1];
    const Image a = texture(w, h), b = texture(w, h, 0.7, 0.2);
    for (const int winsize : {1, 2, 15, 90})
      for (const bool gaussian : {false, true})
        for (const auto border : {flow::Border::kOpenCV, flow::Border::kSymmetric}) {
          FarnebackParams params;
          params.winsize = winsize;
          params.gaussian = gaussian;
          params.border = border;
          params.poly_n = 1 + winsize % 7;
          const std::vector<float> flow = pair_flow(w, h, a.pixels, b.pixels, params);
          CHECK(all_finite(flow));
          if (border == flow::Border::kSymmetric) CHECK(all_zero(pair_flow(w, h, a.pixels, a.pixels, params)));
        }
  }
}

TEST("flow: a sequence is its pairs, bytes are floats, a sequence can begin anew, bit for bit") {
  const Cancel cancel;
  std::vector<Image> frames;
  for (int t = 0; t < 5; ++t) frames.push_back(texture(70, 66, 0.8 * t, 0.3 * t * t));
  FarnebackSequence sequence;
  CHECK(sequence.init(70, 66, {}).ok());
  std::vector<float> flow(70 * 66 * 2);
  for (int round = 0; round < 2; ++round, sequence.restart())
    for (std::size_t t = 0; t < frames.size(); ++t) {
      CHECK(sequence.push(frames[t].pixels.data(), nullptr, flow.data(), cancel).ok());
      if (t == 0) continue;
      CHECK(flow == pair_flow(70, 66, frames[t - 1].pixels, frames[t].pixels));
      const auto& a = frames[t - 1].pixels;
      const auto& b = frames[t].pixels;
      const std::vector<float> float_a(a.begin(), a.end()), float_b(b.begin(), b.end());
      CHECK(flow == pair_flow(70, 66, float_a, float_b));
    }
}

TEST("flow: every instruction set gives the scalar results") {
  const int sizes[][2] = {{112, 112}, {113, 97}, {67, 300}, {320, 40}, {17, 5}};
  for (const auto& size : sizes) {
    const int w = size[0], h = size[1];
    const Image a = texture(w, h), b = texture(w, h, 1.7, -0.6);
    for (const int winsize : {5, 14, 15, 21})  // a smaller Gaussian averages nothing: its equations may be singular
      for (const bool gaussian : {false, true})
        for (const auto border : {flow::Border::kOpenCV, flow::Border::kSymmetric}) {
          FarnebackParams params;
          params.winsize = winsize;
          params.gaussian = gaussian;
          params.border = border;
          params.poly_n = winsize == 15 ? 5 : 7;
          const auto scalar = pair_flow(w, h, a.pixels, b.pixels, params, nullptr, Isa::kScalar);
          for (const Isa isa : available_isas()) {
            const auto apart = difference(pair_flow(w, h, a.pixels, b.pixels, params, nullptr, isa), scalar);
            CHECK_NEAR(apart.most, 0, 2e-3);
            CHECK_NEAR(apart.mean, 0, 1e-5);
            if (border == flow::Border::kSymmetric)
              CHECK(all_zero(pair_flow(w, h, a.pixels, a.pixels, params, nullptr, isa)));
          }
        }
  }
}

TEST("flow: a wide level is swept in strips, which leave no seam: the flow of turned frames is the turned flow") {
  constexpr int kWidth = 1300, kHeight = 96;
  const auto turned = [](const auto& values, int width, int height, int planes) {
    auto result = values;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int i = 0; i < planes; ++i)
          result[(x * height + y) * planes + i] = values[(y * width + x) * planes + planes - 1 - i];
    return result;
  };
  const Image a = texture(kWidth, kHeight), b = texture(kWidth, kHeight, 1.7, -2.2);
  FarnebackParams params;
  params.gaussian = true;
  for (const int iterations : {0, 3, 6})
    for (const int winsize : {15, 22})
      for (const int threads : {1, 4}) {
        params.winsize = winsize;
        params.iterations = iterations;
        std::vector<float> guess(a.pixels.size() * 2);
        for (std::size_t i = 0; i < guess.size(); i += 2) guess[i] = 1, guess[i + 1] = -1;
        const std::vector<float> wide =
            pair_flow(kWidth, kHeight, a.pixels, b.pixels, params, guess.data(), current_isa(), threads);
        const std::vector<float> turned_guess = turned(guess, kWidth, kHeight, 2);
        const std::vector<float> narrow = pair_flow(kHeight, kWidth, turned(a.pixels, kWidth, kHeight, 1),
                                                    turned(b.pixels, kWidth, kHeight, 1), params, turned_guess.data());
        CHECK_NEAR(difference(turned(wide, kWidth, kHeight, 2), narrow).most, 0, 2e-3);
        CHECK(iterations == 0 || !all_zero(wide));
      }
}

TEST("flow: any number of threads gives the same bytes") {
  const Image a = texture(300, 420), b = texture(300, 420, 2.2, 1.1);
  for (const int iterations : {0, 1, 3, 9})
    for (const int winsize : {5, 15, 40}) {
      FarnebackParams params;
      params.iterations = iterations;
      params.winsize = winsize;
      params.gaussian = winsize == 5;
      const auto one = pair_flow(300, 420, a.pixels, b.pixels, params);
      for (const int threads : {2, 3, 6})
        CHECK(one == pair_flow(300, 420, a.pixels, b.pixels, params, nullptr, current_isa(), threads));
    }
}

TEST("flow: at most 128 bytes a pixel for each pair") {
  for (const int side : {96, 112, 256, 1024})
    for (const bool gaussian : {false, true}) {
      FarnebackParams params;
      params.gaussian = gaussian;
      FarnebackSequence sequence;
      CHECK(sequence.init(side, side, params).ok());
      const std::size_t pixels = static_cast<std::size_t>(side) * side, flow = 2 * sizeof(float) * pixels;
      CHECK(sequence.bytes() + flow <= 128 * pixels);
    }
}

TEST("flow: values that are not finite stay where they are") {
  const Image a = texture(80, 80);
  std::vector<float> frame(a.pixels.begin(), a.pixels.end());
  frame[40 * 80 + 40] = std::numeric_limits<float>::quiet_NaN();
  frame[10] = std::numeric_limits<float>::infinity();
  std::vector<float> guess(frame.size() * 2, 1e30f);
  // No read outside: sanitizers see it.
  CHECK(pair_flow(80, 80, frame, frame, {}, guess.data()).size() == guess.size());
}

TEST("flow: cancelled at once, and usable again") {
  Cancel cancel;
  const Image a = texture(1024, 1024), b = texture(1024, 1024, 1, 0);
  FarnebackSequence sequence;
  CHECK(sequence.init(1024, 1024, {}).ok());
  std::vector<float> flow(a.pixels.size() * 2);
  CHECK(sequence.push(a.pixels.data(), nullptr, nullptr, cancel).ok());
  cancel.request();
  CHECK(sequence.push(b.pixels.data(), nullptr, flow.data(), cancel).code == "ABORTED");
  CHECK(all_zero(flow));

  const Cancel again;
  const Image small = texture(50, 50), moved = texture(50, 50, 1, 0);
  CHECK(sequence.init(50, 50, {}).ok());
  flow.resize(5000);
  CHECK(sequence.push(small.pixels.data(), nullptr, nullptr, again).ok());
  CHECK(sequence.push(moved.pixels.data(), nullptr, flow.data(), again).ok());
  CHECK(flow == pair_flow(50, 50, small.pixels, moved.pixels));
}

TEST("flow: wrong parameters are named") {
  const auto refused = [](auto change) {
    FarnebackParams params;
    change(params);
    return FarnebackSequence().init(32, 32, params).code == "INVALID_ARGUMENT";
  };
  CHECK(refused([](FarnebackParams& p) { p.pyr_scale = 1; }));
  CHECK(refused([](FarnebackParams& p) { p.pyr_scale = std::nan(""); }));
  CHECK(refused([](FarnebackParams& p) { p.levels = -1; }));
  CHECK(refused([](FarnebackParams& p) { p.winsize = 0; }));
  CHECK(refused([](FarnebackParams& p) { p.iterations = -1; }));
  CHECK(refused([](FarnebackParams& p) { p.poly_n = 0; }));
  CHECK(refused([](FarnebackParams& p) { p.poly_sigma = 0.1; }));
  CHECK(FarnebackSequence().init(0, 32, {}).code == "INVALID_ARGUMENT");
}
