#include "infomap/partition_reader.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace infomotion::infomap {

namespace {
constexpr uint64_t kMaxModule = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMaxDepth = 250;  // no hierarchy is deeper; a table of all nodes is made for each level
}  // namespace

runtime::Status PartitionReader::read(const runtime::Cancel& cancel) {
  return lines_.read(cancel, [this](Line& line) { return read_line(line); });
}

runtime::Status PartitionReader::read_line(Line& line) {
  const int next = line.peek();
  if (links_ || next < 0 || next == '#') return {};
  if (!tree_ && next == '*' && nodes_.empty()) {  // Pajek's .clu: *Vertices n, then the module of each node
    by_rank_ = true;
    return {};
  }
  if (tree_ && next == '*') {
    links_ = true;  // what follows the tree in an .ftree
    return {};
  }
  return tree_ ? read_tree(line) : read_clu(line);
}

runtime::Status PartitionReader::read_clu(Line& line) {
  Node node{0, path_.size(), 1};
  uint64_t module;
  double flow;
  if (by_rank_) node.id = nodes_.size();
  else if (!line.integer(node.id)) return lines_.error(line, "a node, a whole number of at least 0,");
  if (!line.integer(module, 0, kMaxModule))
    return lines_.error(line, "a module, a whole number from 0 to " + std::to_string(kMaxModule) + ",");
  if (line.peek() >= 0 && !line.number(flow)) return lines_.error(line, "a flow, a finite number of at least 0,");
  if (line.peek() >= 0) return lines_.error(line, "the end of the line after node, module and flow");
  path_.push_back(static_cast<uint32_t>(module));
  nodes_.push_back(node);
  return {};
}

runtime::Status PartitionReader::read_tree(Line& line) {
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
  node.depth = static_cast<uint32_t>(path_.size() - node.begin);
  if (node.depth > kMaxDepth) return lines_.error("expected at most " + std::to_string(kMaxDepth) + " levels");
  if (!line.number(flow)) return lines_.error(line, "a flow, a finite number of at least 0,");
  if (line.peek() < 0) return lines_.error(line, "a name");
  if (!line.word(name)) return lines_.error(line, "a closing quote");
  if (!line.integer(node.id)) return lines_.error(line, "a node, a whole number of at least 0,");
  if (line.peek() >= 0) return lines_.error(line, "the end of the line after path, flow, name and node");
  nodes_.push_back(node);
  return {};
}

runtime::Status PartitionReader::mismatch(const std::string& what) const {
  return runtime::Status::error("PARTITION_MISMATCH", name_ + " has " + what + ".");
}

runtime::Status PartitionReader::match(const double* ids, uint32_t nodes) {
  if (by_rank_) {
    if (nodes_.size() != nodes)
      return mismatch("modules of " + std::to_string(nodes_.size()) + " nodes, but the network has " +
                      std::to_string(nodes));
    for (uint32_t u = 0; u < nodes; ++u) nodes_[u].id = static_cast<uint64_t>(ids[u]);
  }
  std::sort(nodes_.begin(), nodes_.end(), [](const Node& a, const Node& b) { return a.id < b.id; });
  std::size_t next = 0, kept = 0;
  for (uint32_t u = 0; u < nodes; ++u) {
    if (!(ids[u] >= 0 && ids[u] <= kMaxId)) return mismatch("no module for node " + std::to_string(ids[u]));
    const auto id = static_cast<uint64_t>(ids[u]);
    while (next < nodes_.size() && nodes_[next].id < id) ++next;  // of another network
    if (next == nodes_.size() || nodes_[next].id > id)
      return mismatch("no module for node " + std::to_string(id) + " of the network");
    nodes_[kept++] = nodes_[next++];
    if (next < nodes_.size() && nodes_[next].id == id) return mismatch("node " + std::to_string(id) + " twice");
  }
  nodes_.resize(kept);
  return {};
}

// Numbers the modules of a level of a tree: those of one parent by their number there. Nodes that lie in no module that
// deep stay together, alone in their parent.
runtime::Status PartitionReader::number_level(uint32_t level, const std::vector<uint32_t>& parents,
                                              std::vector<uint32_t>& modules) const {
  enum class Holds : uint8_t { kUnknown, kNodes, kModules };
  std::vector<Holds> holds(1);
  std::unordered_map<uint64_t, uint32_t> numbers;
  modules.resize(nodes_.size());
  for (std::size_t u = 0; u < nodes_.size(); ++u) {
    const Node& node = nodes_[u];
    const uint32_t parent = level > 0 ? parents[u] : 0;
    const Holds what = node.depth > level ? Holds::kModules : Holds::kNodes;
    if (parent >= holds.size()) holds.resize(parent + std::size_t{1});
    if (holds[parent] != Holds::kUnknown && holds[parent] != what)
      return mismatch("nodes and modules side by side in one module (see node " + std::to_string(node.id) + ")");
    holds[parent] = what;
    const uint32_t number = what == Holds::kModules ? path_[node.begin + level] : 0;
    const auto next = static_cast<uint32_t>(numbers.size());
    modules[u] = numbers.emplace(uint64_t{parent} << 32 | number, next).first->second;
  }
  return {};
}

runtime::Status PartitionReader::finish(const double* ids, uint32_t nodes, const runtime::Cancel& cancel,
                                        Levels& levels) {
  append("\n", 1);
  runtime::Status status = read(cancel);
  if (!status.ok()) return status;
  status = match(ids, nodes);
  if (!status.ok()) return status;
  uint32_t depth = 1;
  for (const Node& node : nodes_) depth = std::max(depth, node.depth);
  levels.clear();
  for (uint32_t level = 0; level < depth; ++level) {
    if (cancel.requested()) return runtime::Status::cancelled();
    std::vector<uint32_t> modules;
    if (tree_) {
      status = number_level(level, level > 0 ? levels.back() : modules, modules);
      if (!status.ok()) return status;
    } else {
      for (const Node& node : nodes_) modules.push_back(path_[node.begin]);
    }
    levels.push_back(std::move(modules));
  }
  return {};
}

}  // namespace infomotion::infomap
