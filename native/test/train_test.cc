#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "features/volume.h"
#include "test.h"
#include "train/augment.h"

using namespace infomotion;
using namespace infomotion::runtime;
using train::Augmentation;
using train::Pose;
using train::SampleShape;

namespace {

constexpr int kSide = 9;
constexpr int kCells = kSide * kSide;
constexpr int kFrames = 10;

// Grey levels of their own everywhere; the motion is the same everywhere: 0.25 /s to the right, 0.0625 /s up.
std::vector<std::uint8_t> test_volume() {
  std::vector<std::uint8_t> values;
  for (int t = 0; t < kFrames; ++t) {
    for (int i = 0; i < kCells; ++i) values.push_back(static_cast<std::uint8_t>((t * 37 + i * 3) % 256));
    values.insert(values.end(), kCells, features::encode_speed(0.25));
    values.insert(values.end(), kCells, features::encode_speed(-0.0625));
  }
  return values;
}

std::vector<float> render(const SampleShape& shape, const Pose& pose) {
  const auto values = test_volume();
  std::vector<float> out(shape.size());
  train::Sampler(shape).render({values.data(), kFrames}, pose, Random(3), out.data());
  return out;
}

constexpr SampleShape kBoth = {kSide, 4, 2, true, true};
float level(int t, int i) { return (static_cast<float>((t * 37 + i * 3) % 256) / 255 - 0.25f) / 0.25f; }
const double kRight = features::decode_speed(features::encode_speed(0.25));
const double kUp = -features::decode_speed(features::encode_speed(-0.0625));

}  // namespace

TEST("train: a sample without augmentation is the volume") {
  Pose pose;
  pose.start = 5;
  const auto out = render(kBoth, pose);
  CHECK(out.size() == 3u * 4 * kCells);
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < kCells; ++i) {
      CHECK_NEAR(out[t * kCells + i], level((5 + 2 * t) % kFrames, i), 1e-6);  // frames 5 7 9 1: time wraps around
      CHECK_NEAR(out[(4 + t) * kCells + i], 5 * kRight, 1e-6);
      CHECK_NEAR(out[(8 + t) * kCells + i], -5 * kUp, 1e-6);
    }
}

TEST("train: grey and flow alone are the channels of both") {
  const auto both = render(kBoth, {}), grey = render({kSide, 4, 2, true, false}, {});
  const auto flow = render({kSide, 4, 2, false, true}, {});
  CHECK(std::vector<float>(both.begin(), both.begin() + 4 * kCells) == grey);
  CHECK(std::vector<float>(both.begin() + 4 * kCells, both.end()) == flow);
}

TEST("train: between two frames there is what lies between them, and a faster heart moves faster") {
  Pose pose;
  pose.tempo = 1.25;  // frames 0, 2.5, 5, 7.5
  const auto out = render(kBoth, pose);
  for (int i = 0; i < kCells; ++i) {
    CHECK_NEAR(out[kCells + i], (level(2, i) + level(3, i)) / 2, 1e-5);
    CHECK_NEAR(out[2 * kCells + i], level(5, i), 1e-5);
    CHECK_NEAR(out[5 * kCells + i], 5 * kRight * 1.25, 1e-5);
  }
}

TEST("train: a mirror turns u round, a quarter turn maps (u, v) to (-v, u)") {
  Pose mirror;
  mirror.map[0] = -1;
  const auto mirrored = render(kBoth, mirror);
  Pose quarter;  // clockwise: what is to the right comes to lie below
  const auto [cosine, sine] = train::turn(90);
  quarter.map[0] = quarter.map[3] = cosine;
  quarter.map[1] = -sine;
  quarter.map[2] = sine;
  const auto turned = render(kBoth, quarter);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const int i = y * kSide + x;
      CHECK_NEAR(mirrored[i], level(0, y * kSide + kSide - 1 - x), 1e-5);
      CHECK_NEAR(mirrored[4 * kCells + i], -5 * kRight, 1e-5);
      CHECK_NEAR(mirrored[8 * kCells + i], -5 * kUp, 1e-5);
      CHECK_NEAR(turned[i], level(0, (kSide - 1 - x) * kSide + y), 1e-5);
      CHECK_NEAR(turned[4 * kCells + i], 5 * kUp, 1e-5);
      CHECK_NEAR(turned[8 * kCells + i], 5 * kRight, 1e-5);
    }
}

TEST("train: zoomed out, the motion is smaller and black and still lies around; zoomed in, it is larger") {
  Pose pose;
  pose.map[0] = pose.map[3] = 0.5;
  const auto out = render(kBoth, pose);
  const int centre = 4 * kSide + 4;
  CHECK_NEAR(out[centre], level(0, centre), 1e-5);
  CHECK_NEAR(out[centre + 1], level(0, centre + 2), 1e-5);
  CHECK_NEAR(out[4 * kCells + centre], 5 * kRight / 2, 1e-5);
  CHECK(out[0] == -1 && out[4 * kCells] == 0 && out[8 * kCells] == 0);
  pose.map[0] = pose.map[3] = 2;
  const auto in = render(kBoth, pose);
  CHECK_NEAR(in[centre + 2], level(0, centre + 1), 1e-5);
  CHECK_NEAR(in[4 * kCells], 10 * kRight, 1e-5);
}

TEST("train: gain and noise are of the grey levels; noise has its deviation, no mean, no echo") {
  SampleShape shape = {kSide, 64, 1, true, true};
  Pose pose;
  pose.gain = 0.5;
  const auto plain = render(shape, pose);
  CHECK_NEAR(plain[7], ((level(0, 7) + 1) * 0.5 - 1), 1e-6);
  pose.noise = 0.1;
  const auto noisy = render(shape, pose);
  const int n = 64 * kCells;
  double sum = 0, squares = 0, products = 0, largest = 0;
  for (int i = 0; i < n; ++i) {
    const double noise = (noisy[i] - plain[i]) / 4;
    sum += noise;
    squares += noise * noise;
    if (i > 0) products += noise * (noisy[i - 1] - plain[i - 1]) / 4;
    largest = std::max(largest, std::fabs(noise));
  }
  CHECK_NEAR(sum / n, 0, 4 * 0.1 / std::sqrt(n));
  CHECK_NEAR(squares / n / 0.01, 1, 0.08);
  CHECK_NEAR(products / squares, 0, 4 / std::sqrt(n));
  CHECK(largest > 0.3 && largest < 0.5);
  for (int i = n; i < 3 * n; ++i) CHECK(noisy[i] == plain[i]);
}

TEST("train: cosine and sine of degrees") {
  for (int degrees = -720; degrees <= 720; degrees += 5) {
    const auto [cosine, sine] = train::turn(degrees);
    CHECK_NEAR(cosine, std::cos(degrees * 3.14159265358979323846 / 180), 1e-14);
    CHECK_NEAR(sine, std::sin(degrees * 3.14159265358979323846 / 180), 1e-14);
  }
  CHECK(train::turn(90).cosine == 0 && train::turn(90).sine == 1);
  CHECK(train::turn(-180).cosine == -1 && train::turn(-180).sine == 0);
}

TEST("train: poses fill their ranges and nothing beyond, each setting by itself") {
  const Augmentation all = {true, 20, 0.1, 0.3, 0.05, 0.2};
  int mirrored = 0, starts[kFrames] = {};
  double low = 9, high = 0, widest = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    Random random = train::sample_random(5, i), again = train::sample_random(5, i);
    const Pose pose = train::draw_pose(all, kFrames, random);
    const double determinant = pose.map[0] * pose.map[3] - pose.map[1] * pose.map[2];
    const double scale = std::sqrt(std::fabs(determinant));
    const double angle = std::atan2(pose.map[3] < 0 ? 0 : -pose.map[1], pose.map[3]) * 180 / 3.14159265358979323846;
    mirrored += determinant < 0;
    ++starts[static_cast<int>(pose.start)];
    low = std::min(low, pose.tempo);
    high = std::max(high, pose.tempo);
    widest = std::max(widest, std::fabs(angle));
    CHECK(scale >= 0.9 - 1e-12 && scale <= 1.1 + 1e-12);
    CHECK(pose.gain >= 0.7 && pose.gain <= 1.3);
    CHECK(pose.noise == 0.05);
    const Pose gain_only = train::draw_pose({false, 0, 0, 0.3, 0, 0}, kFrames, again);
    CHECK(gain_only.gain == pose.gain && gain_only.start == pose.start && gain_only.tempo == 1);
    CHECK(gain_only.map[0] == 1 && gain_only.map[1] == 0 && gain_only.map[2] == 0 && gain_only.map[3] == 1);
  }
  CHECK(mirrored > 430 && mirrored < 570);
  for (const int count : starts) CHECK(count > 60 && count < 140);
  CHECK(low >= 0.8 && low < 0.81 && high <= 1.2 && high > 1.19);
  CHECK(widest <= 20 + 1e-9 && widest > 19);
}
