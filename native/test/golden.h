// The golden cases of test/fixtures/farneback-golden: OpenCV's flow of nine pairs.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "flow/farneback.h"

namespace test {

struct GoldenCase {
  std::string name;
  int width = 0, height = 0;
  infomotion::flow::FarnebackParams params;
  std::vector<std::uint8_t> a, b;
  std::vector<float> initial;  // empty: none
  std::vector<float> flow;
};

inline std::vector<std::uint8_t> read_pgm(const std::string& path, int width, int height) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int w = 0, h = 0, most = 0;
  file >> magic >> w >> h >> most;
  file.get();
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * height);
  if (w == width && h == height)
    file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
  if (!file || w != width || h != height) pixels.clear();
  return pixels;
}

inline std::vector<float> read_flo(const std::string& path, std::size_t values) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(12);  // magic, width, height
  std::vector<float> flow(values);
  file.read(reinterpret_cast<char*>(flow.data()), static_cast<std::streamsize>(values * sizeof(float)));
  if (!file) flow.clear();
  return flow;
}

// Only those whose files are whole.
inline std::vector<GoldenCase> golden_cases(const std::string& folder) {
  std::vector<GoldenCase> cases;
  std::ifstream table(folder + "cases.txt");
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    GoldenCase one;
    int flags = 0, with_initial = 0;
    fields >> one.name >> one.width >> one.height >> one.params.pyr_scale >> one.params.levels >> one.params.winsize >>
        one.params.iterations >> one.params.poly_n >> one.params.poly_sigma >> flags >> with_initial;
    one.params.gaussian = (flags & 256) != 0;
    const std::size_t values = static_cast<std::size_t>(one.width) * one.height * 2;
    one.a = read_pgm(folder + one.name + ".a.pgm", one.width, one.height);
    one.b = read_pgm(folder + one.name + ".b.pgm", one.width, one.height);
    one.flow = read_flo(folder + one.name + ".flo", values);
    if (with_initial != 0) one.initial = read_flo(folder + one.name + ".init.flo", values);
    const bool whole =
        !one.a.empty() && !one.b.empty() && !one.flow.empty() && (with_initial == 0 || !one.initial.empty());
    if (whole) cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace test
