// Reads network files: link lists, Pajek, bipartite. The text is fed in pieces, so a file is never in memory as a
// whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infomap/links.h"
#include "infomap/text.h"
#include "runtime/cancel.h"
#include "runtime/status.h"

namespace infomotion::infomap {

// A network as its file has it, its nodes numbered by ascending id.
struct Network {
  uint32_t nodes = 0;
  std::vector<uint64_t> ids;  // one a node, ascending
  std::vector<uint32_t> sources, targets;
  std::vector<double> weights;       // empty: all 1
  std::vector<double> node_weights;  // of vertices (Pajek); empty: none is given, or 0 throughout, as coordinates are
  bool named = false;
  std::string names;       // where it is: of all nodes, one a line (Pajek)
  uint32_t bipartite = 0;  // nodes from this one on are of the second kind; 0: not bipartite

  LinkView view() const;
};

class NetworkReader {
 public:
  // `name` is for error messages. `bytes` is a guess at the length of the text (0: unknown); it saves memory and
  // changes nothing else. Links of weight 0 or below `weight_threshold` are ignored, and so are nodes that only such links name; and nodes
  // above `node_limit` with their links.
  explicit NetworkReader(std::string name, std::size_t bytes = 0, double weight_threshold = 0,
                         uint64_t node_limit = kMaxId)
      : lines_(std::move(name)), bytes_(bytes), weight_threshold_(weight_threshold), node_limit_(node_limit) {}

  // Adds text; read() then reads its whole lines. Fails with NETWORK_UNREADABLE naming the line, or ABORTED.
  void append(const char* data, std::size_t size);
  runtime::Status read(const runtime::Cancel& cancel);

  // After all text: numbers the nodes. The reader is empty then.
  runtime::Status finish(const runtime::Cancel& cancel, Network& network);

 private:
  enum class Section { kLinks, kVertices, kBipartite };
  struct Vertex {
    uint64_t id;
    std::size_t begin, size;  // its name, in names_
    double weight;            // NaN: none
  };

  runtime::Status read_line(Line& line);
  runtime::Status read_section(Line& line);
  runtime::Status read_vertex(Line& line);
  runtime::Status read_link(Line& line);
  void add(uint64_t source, uint64_t target);
  void reserve();
  uint64_t table_size() const;
  void number_by_table(uint64_t highest, Network& network);
  bool counted_from_one() const;
  void number_by_hash(Network& network);
  void put_names(Network& network);

  Lines lines_;
  std::size_t bytes_, appended_ = 0;
  double weight_threshold_;
  uint64_t node_limit_;
  Section section_ = Section::kLinks;
  bool has_vertices_ = false;
  uint64_t vertices_ = 0;     // as many as *Vertices says
  uint64_t second_kind_ = 0;  // *Bipartite: the lowest id of the second kind
  std::vector<Vertex> vertex_list_;
  std::string names_;
  // The ids of the ends of links: their lower 32 bits and, once an id needs more, the upper bits of all.
  std::vector<uint32_t> sources_, targets_, source_high_, target_high_;
  std::vector<double> weights_;
};

}  // namespace infomotion::infomap
