// Reads partition files of Infomap's kinds: .clu ("node_id module [flow]" a line, or Pajek's: "*Vertices n" and a module a line), .tree and .ftree ("path flow name
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

namespace infomotion::infomap {

// The module of each node at each level, from the top. A .clu file gives one level, with its own numbers. A tree gives
// modules numbered from 0 in the order of their first nodes; a module without modules inside is repeated at the levels
// where others have some.
using Levels = std::vector<std::vector<uint32_t>>;

class PartitionReader {
 public:
  // `name` is for error messages. `tree`: the file holds paths (.tree, .ftree); otherwise it is a .clu file.
  PartitionReader(std::string name, bool tree) : lines_(name), name_(std::move(name)), tree_(tree) {}

  // Adds text; read() then reads its whole lines. Fails with NETWORK_UNREADABLE naming the line, or ABORTED.
  void append(const char* data, std::size_t size) { lines_.append(data, size); }
  runtime::Status read(const runtime::Cancel& cancel);

  // After all text: the modules of the nodes with these ids, ascending. Nodes that the network has not are left out. Fails with PARTITION_MISMATCH
  // naming a node that the file has not, that stands twice, or that lies beside modules.
  runtime::Status finish(const double* ids, uint32_t nodes, const runtime::Cancel& cancel, Levels& levels);

 private:
  struct Node {
    uint64_t id;
    std::size_t begin;  // the modules that hold it, from the top: in path_
    uint32_t depth;     // how many
  };
  runtime::Status read_line(Line& line);
  runtime::Status read_clu(Line& line);
  runtime::Status read_tree(Line& line);
  runtime::Status match(const double* ids, uint32_t nodes);
  runtime::Status number_level(uint32_t level, const std::vector<uint32_t>& parents,
                               std::vector<uint32_t>& modules) const;
  runtime::Status mismatch(const std::string& what) const;

  Lines lines_;
  std::string name_;
  bool tree_;
  bool by_rank_ = false;     // Pajek's .clu: a module a line
  bool links_ = false;       // what follows *Links is skipped
  std::vector<Node> nodes_;  // sorted by id by finish()
  std::vector<uint32_t> path_;
};

}  // namespace infomotion::infomap
