// libFuzzer target of the network and partition readers: any bytes, in pieces of any size, give a network that keeps
// its promises or an error that names a line. The first byte chooses the reader and the size of the pieces.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "infomap/links.h"
#include "infomap/partition_reader.h"
#include "infomap/reader.h"

using namespace infomotion;
using namespace infomotion::infomap;
using namespace infomotion::runtime;

namespace {

const Cancel kNever;

void promise(bool holds) {
  if (!holds) std::abort();
}

template <typename Reader>
Status feed(Reader& reader, const uint8_t* data, std::size_t size, std::size_t piece) {
  for (std::size_t at = 0; at < size; at += piece) {
    reader.append(reinterpret_cast<const char*>(data) + at, std::min(piece, size - at));
    Status status = reader.read(kNever);
    if (!status.ok()) return status;
  }
  return {};
}

void read_network(const uint8_t* data, std::size_t size, std::size_t piece) {
  Network network;
  NetworkReader reader("fuzz", piece % 2 ? size : 0);
  Status status = feed(reader, data, size, piece);
  if (status.ok()) status = reader.finish(kNever, network);
  if (!status.ok()) {
    promise(status.code == "NETWORK_UNREADABLE" && status.message.find("fuzz, line ") == 0);
    return;
  }
  promise(network.ids.size() == network.nodes && network.sources.size() == network.targets.size());
  promise(network.weights.empty() || network.weights.size() == network.targets.size());
  promise(std::is_sorted(network.ids.begin(), network.ids.end()));
  for (std::size_t i = 0; i < network.targets.size(); ++i)
    promise(network.sources[i] < network.nodes && network.targets[i] < network.nodes);
  for (const double weight : network.weights) promise(weight >= 0 && std::isfinite(weight));
  if (network.named) {
    const auto lines = std::count(network.names.begin(), network.names.end(), '\n');
    promise(static_cast<std::size_t>(lines) + 1 == std::max<std::size_t>(network.nodes, 1));
  }
  promise(network.bipartite <= network.nodes);
  Links links;
  status = make_links(network.view(), false, links);
  promise(status.ok() || status.code == "INVALID_ARGUMENT");
}

void read_partition(const uint8_t* data, std::size_t size, std::size_t piece, bool tree) {
  Levels levels;
  PartitionReader reader("fuzz", tree);
  Status status = feed(reader, data, size, piece);
  const std::vector<double> ids = {0, 1, 2, 3};
  if (status.ok()) status = reader.finish(ids.data(), static_cast<uint32_t>(ids.size()), kNever, levels);
  if (!status.ok()) {
    promise(status.code == "NETWORK_UNREADABLE" || status.code == "PARTITION_MISMATCH");
    return;
  }
  promise(!levels.empty());
  for (const auto& modules : levels) promise(modules.size() == ids.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} << (data[0] >> 2 & 15);
  switch (data[0] & 3) {
    case 0: read_partition(data + 1, size - 1, piece, false); break;
    case 1: read_partition(data + 1, size - 1, piece, true); break;
    default: read_network(data + 1, size - 1, piece);
  }
  return 0;
}
