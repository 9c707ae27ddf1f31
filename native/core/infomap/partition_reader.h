// Reads partition files of Infomap's kinds: .clu ("node_id module [flow]" a line), .tree and .ftree ("path flow name
// node_id" a line, path "1:2:3" being modules from the top and last the node's rank; links, from "*Links" on, are
// skipped). The text is fed in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "infomap/text.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion {

// The modules that hold a node, from the top: path[offsets[u]] ... path[offsets[u + 1] - 1], as the file numbers them.
// A number means something within its parent only.
struct Paths {
  std::vector<uint32_t> offsets;  // nodes + 1
  std::vector<uint32_t> path;
};

class PartitionReader {
 public:
  // `name` is said in errors. `tree`: paths, else .clu.
  PartitionReader(std::string name, bool tree) : lines_(name), name_(std::move(name)), tree_(tree) {}

  // Adds text; read() then reads its whole lines. Fails with NETWORK_UNREADABLE naming the line, or ABORTED.
  void append(const char* data, std::size_t size) { lines_.append(data, size); }
  Status read(const Cancel& cancel);

  // After all text: the paths of the nodes with these ids, ascending. Fails with PARTITION_MISMATCH naming a node that
  // only one of file and network has, or that stands twice.
  Status finish(const double* ids, uint32_t nodes, const Cancel& cancel, Paths& paths);

 private:
  struct Node {
    uint64_t id;
    std::size_t begin, end;  // in path_
  };
  Status read_line(Line& line);
  Status read_clu(Line& line);
  Status read_tree(Line& line);
  Status mismatch(const std::string& what) const;

  Lines lines_;
  std::string name_;
  bool tree_;
  bool links_ = false;  // behind *Links
  std::vector<Node> nodes_;
  std::vector<uint32_t> path_;
};

}  // namespace infomotion
