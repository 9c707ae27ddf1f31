#include "infomap/partition_reader.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace infomotion {

namespace {
constexpr uint64_t kMaxModule = std::numeric_limits<uint32_t>::max();
}

Status PartitionReader::read(const Cancel& cancel) {
  return lines_.read(cancel, [this](Line& line) { return read_line(line); });
}

Status PartitionReader::read_line(Line& line) {
  const int next = line.peek();
  if (links_ || next < 0 || next == '#') return {};
  if (tree_ && next == '*') {
    links_ = true;  // what follows the tree in an .ftree
    return {};
  }
  return tree_ ? read_tree(line) : read_clu(line);
}

Status PartitionReader::read_clu(Line& line) {
  Node node{0, path_.size(), path_.size() + 1};
  uint64_t module;
  double flow;
  if (!line.integer(node.id)) return lines_.error(line, "a node, a whole number of at least 0,");
  if (!line.integer(module, 0, kMaxModule))
    return lines_.error(line, "a module, a whole number from 0 to " + std::to_string(kMaxModule) + ",");
  if (line.peek() >= 0 && !line.number(flow)) return lines_.error(line, "a flow, a finite number of at least 0,");
  if (line.peek() >= 0) return lines_.error(line, "the end of the line after node, module and flow");
  path_.push_back(static_cast<uint32_t>(module));
  nodes_.push_back(node);
  return {};
}

Status PartitionReader::read_tree(Line& line) {
  Node node{0, path_.size(), 0};
  double flow;
  std::string_view name;
  bool more = true;
  while (more) {
    uint64_t number;
    if (!line.step(number, more)) return lines_.error(line, "a path of whole numbers such as 1:2:3");
    path_.push_back(static_cast<uint32_t>(number));
  }
  path_.pop_back();  // the node's rank
  node.end = path_.size();
  if (!line.number(flow)) return lines_.error(line, "a flow, a finite number of at least 0,");
  if (line.peek() < 0) return lines_.error(line, "a name");
  if (!line.word(name)) return lines_.error(line, "a closing quote");
  if (!line.integer(node.id)) return lines_.error(line, "a node, a whole number of at least 0,");
  if (line.peek() >= 0) return lines_.error(line, "the end of the line after path, flow, name and node");
  nodes_.push_back(node);
  return {};
}

Status PartitionReader::mismatch(const std::string& what) const {
  return Status::error("PARTITION_MISMATCH", name_ + " has " + what + ".");
}

Status PartitionReader::finish(const double* ids, uint32_t nodes, const Cancel& cancel, Paths& paths) {
  append("\n", 1);
  Status status = read(cancel);
  if (!status.ok()) return status;
  if (path_.size() > kMaxModule) return Status::error("OUT_OF_MEMORY", name_ + " has more than 2^32 - 1 steps in paths.");
  std::sort(nodes_.begin(), nodes_.end(), [](const Node& a, const Node& b) { return a.id < b.id; });
  const auto said = [](uint64_t id) { return std::to_string(id); };
  paths.offsets.assign(1, 0);
  paths.offsets.reserve(static_cast<std::size_t>(nodes) + 1);
  paths.path.reserve(path_.size());
  std::size_t next = 0;
  for (uint32_t u = 0; u < nodes; ++u) {
    if (!(ids[u] >= 0 && ids[u] <= kMaxId)) return mismatch("no module for node " + std::to_string(ids[u]));
    const auto id = static_cast<uint64_t>(ids[u]);
    if (next < nodes_.size() && nodes_[next].id < id) break;
    if (next == nodes_.size() || nodes_[next].id > id) return mismatch("no module for node " + said(id) + " of the network");
    const Node& node = nodes_[next++];
    if (next < nodes_.size() && nodes_[next].id == id) return mismatch("node " + said(id) + " twice");
    paths.path.insert(paths.path.end(), path_.begin() + static_cast<std::ptrdiff_t>(node.begin),
                      path_.begin() + static_cast<std::ptrdiff_t>(node.end));
    paths.offsets.push_back(static_cast<uint32_t>(paths.path.size()));
  }
  if (next < nodes_.size())
    return mismatch("a module for node " + said(nodes_[next].id) + ", which is not in the network");
  return {};
}

}  // namespace infomotion
