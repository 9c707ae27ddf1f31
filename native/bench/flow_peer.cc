// The peer of npm run bench:flow: the Farneback flow of the OpenCV installed here, timed on request. Speaks as
// scripts/bench/opencv_peer.py does: one request a line, one JSON line in answer. Requests here are words,
//   FRAMES OUT WIDTH HEIGHT GAUSSIAN
// where FRAMES holds bytes and OUT gets the flow as floats. Built where OpenCV's headers are (Debian:
// libopencv-video-dev).
#include <ctime>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <opencv2/video/tracking.hpp>
#include <string>
#include <vector>

namespace {

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

int main() {
  cv::setNumThreads(1);
  std::printf("{\"opencv\":\"%s\"}\n", CV_VERSION);
  std::fflush(stdout);
  std::string frames, out;
  int width, height, gaussian;
  while (std::cin >> frames >> out >> width >> height >> gaussian) {
    std::ifstream file(frames, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::size_t pixels = static_cast<std::size_t>(width) * height, count = bytes.size() / pixels;
    std::vector<cv::Mat> flows(count > 0 ? count - 1 : 0);
    const double start = cpu_seconds();
    for (std::size_t t = 0; t + 1 < count; ++t) {
      const cv::Mat a(height, width, CV_8U, bytes.data() + t * pixels),
          b(height, width, CV_8U, bytes.data() + (t + 1) * pixels);
      cv::calcOpticalFlowFarneback(a, b, flows[t], 0.5, 3, 15, 3, 5, 1.2,
                                   gaussian ? cv::OPTFLOW_FARNEBACK_GAUSSIAN : 0);
    }
    const double seconds = cpu_seconds() - start;
    std::ofstream result(out, std::ios::binary);
    for (const cv::Mat& flow : flows)
      result.write(reinterpret_cast<const char*>(flow.data),
                   static_cast<std::streamsize>(flow.total() * flow.elemSize()));
    result.close();
    std::printf("{\"seconds\":%.9f}\n", seconds);
    std::fflush(stdout);
  }
}
