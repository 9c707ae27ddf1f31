// infomap_bench FILE [-d] [-N trials] [--seed s] [--num-threads t]: reads a link list ("source target [weight]", ids
// from 0), runs the two-level search, and prints one JSON line: codelength, modules, CPU seconds by phase, peak memory.
// Alone of native/, benchmarks read files and print.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "infomap/infomap.h"
#include "infomap/links.h"

using namespace infomotion;

static double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

static std::string read_file(const char* path) {
  std::string text;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return text;
  std::vector<char> buffer(1 << 20);
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;) text.append(buffer.data(), n);
  std::fclose(file);
  return text;
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
    else if (std::strcmp(argv[i], "-N") == 0) options.trials = number();
    else if (std::strcmp(argv[i], "--seed") == 0) options.seed = number();
    else if (std::strcmp(argv[i], "--num-threads") == 0) options.threads = number();
    else path = argv[i];
  }
  const std::string text = path ? read_file(path) : "";
  if (text.empty()) {
    std::fprintf(stderr, "usage: infomap_bench FILE [-d] [-N trials] [--seed s] [--num-threads t]\n");
    return 2;
  }
  const double start = cpu_seconds();
  LinkView view;
  std::vector<uint32_t> sources, targets;
  std::vector<double> weights;
  for (const char* at = text.c_str(); *at != 0;) {
    char* end;
    const auto source = static_cast<uint32_t>(std::strtoul(at, &end, 10));
    if (end == at) break;
    const auto target = static_cast<uint32_t>(std::strtoul(end, &end, 10));
    const double weight = *end == ' ' ? std::strtod(end, &end) : 1;
    sources.push_back(source);
    targets.push_back(target);
    weights.push_back(weight);
    view.nodes = std::max({view.nodes, source + 1, target + 1});
    at = end;
  }
  view.count = targets.size();
  view.sources = sources.data();
  view.targets = targets.data();
  view.weights = weights.data();
  const double read = cpu_seconds();
  const Cancel cancel;
  Links links;
  Flow flow;
  InfomapResult result;
  Status status = make_links(view, directed, links);
  if (status.ok()) status = compute_flow(std::move(links), 0.15, cancel, flow);
  const double flowed = cpu_seconds();
  if (status.ok()) status = infomap(flow, options, cancel, result);
  const double done = cpu_seconds();
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.message.c_str());
    return 1;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"nodes\":%u,\"links\":%zu,\"codelength\":%.17g,\"modules\":%u,", flow.nodes, flow.targets.size(),
              result.codelength.total, result.count);
  std::printf("\"readSeconds\":%.4f,\"flowSeconds\":%.4f,\"searchSeconds\":%.4f,", read - start, flowed - read,
              done - flowed);
  std::printf("\"cpuSeconds\":%.4f,\"peakKilobytes\":%ld}\n", done, usage.ru_maxrss);
  return 0;
}
