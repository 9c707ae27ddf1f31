// infomap_bench FILE [-d] [-2] [-N trials] [--seed s] [--num-threads t]: reads a network file (core/infomap/reader.h),
// runs the search, and prints one JSON line: codelength, modules, CPU seconds by phase (starting the process is none),
// peak memory. "wallSeconds" are the search's. Alone of native/, benchmarks read files and print.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/links.h"
#include "infomap/reader.h"

using namespace infomotion;
using namespace infomotion::infomap;
using namespace infomotion::runtime;

static double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// The most memory this program has had. (Its ru_maxrss would count what was there before it: the forked parent's.)
static long peak_kilobytes() {
  long kilobytes = 0;
  char line[256];
  std::FILE* status = std::fopen("/proc/self/status", "r");
  while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr)
    if (std::sscanf(line, "VmHWM: %ld", &kilobytes) == 1) break;
  if (status != nullptr) std::fclose(status);
  return kilobytes;
}

static Status read_file(std::FILE* file, Network& network) {
  const Cancel cancel;
  std::fseek(file, 0, SEEK_END);
  NetworkReader reader("network", static_cast<std::size_t>(std::ftell(file)));
  std::rewind(file);
  std::vector<char> buffer(1 << 17);
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;) {
    reader.append(buffer.data(), n);
    Status status = reader.read(cancel);
    if (!status.ok()) return status;
  }
  return reader.finish(cancel, network);
}

int main(int argc, char** argv) {
  const char* path = nullptr;
  bool directed = false;
  InfomapOptions options;
  options.trials = 1;
  options.threads = 1;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] {
      return static_cast<uint32_t>(std::strtoul(i + 1 < argc ? argv[++i] : "1", nullptr, 10));
    };
    if (std::strcmp(argv[i], "-d") == 0) directed = true;
    else if (std::strcmp(argv[i], "-2") == 0) options.two_level = true;
    else if (std::strcmp(argv[i], "-N") == 0) options.trials = number();
    else if (std::strcmp(argv[i], "--seed") == 0) options.seed = number();
    else if (std::strcmp(argv[i], "--num-threads") == 0) options.threads = number();
    else path = argv[i];
  }
  std::FILE* file = path ? std::fopen(path, "rb") : nullptr;
  if (file == nullptr) {
    std::fprintf(stderr, "usage: infomap_bench FILE [-d] [-2] [-N trials] [--seed s] [--num-threads t]\n");
    return 2;
  }
  const double start = cpu_seconds();
  Network network;
  Status status = read_file(file, network);
  std::fclose(file);
  const double read = cpu_seconds();
  const Cancel cancel;
  Links links;
  Flow flow;
  InfomapResult result;
  if (status.ok()) status = make_links(network.view(), directed, links);
  network = Network();
  if (status.ok()) status = compute_flow(std::move(links), {}, cancel, flow);
  const double flowed = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  if (status.ok()) status = find_modules(flow, options, cancel, result);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const double done = cpu_seconds();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.message.c_str());
    return 1;
  }
  std::printf("{\"nodes\":%u,\"links\":%zu,\"codelength\":%.17g,\"modules\":%zu,\"levels\":%zu,", flow.nodes,
              flow.targets.size(), result.codelength.total, result.hierarchy[0].flow.size(),
              result.hierarchy.size() + 1);
  std::printf("\"readSeconds\":%.4f,\"flowSeconds\":%.4f,\"searchSeconds\":%.4f,\"wallSeconds\":%.4f,", read - start,
              flowed - read, done - flowed, wall.count());
  std::printf("\"cpuSeconds\":%.4f,\"peakKilobytes\":%ld}\n", done - start, peak_kilobytes());
  return 0;
}
