#include "infomap/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace infomotion::infomap {
namespace {

constexpr uint64_t kNarrow = std::numeric_limits<uint32_t>::max();

// Text is looked at this far before its number of links is guessed.
constexpr std::size_t kSample = 1 << 17;

bool same_word(std::string_view text, std::string_view lower) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), same);
}

std::string whole_number(const std::string& what, uint64_t min, uint64_t max) {
  return what + ", a whole number " +
         (max < kMaxId ? "from " + std::to_string(min) + " to " + std::to_string(max)
                       : "of at least " + std::to_string(min)) +
         ",";
}

// The distinct ids of links' ends in the order in which they come: open addressing, at most half full.
class Ids {
 public:
  Ids() : slots_(1 << 12) {}

  uint32_t number_of(uint64_t id) {
    std::size_t slot = slot_of(id);
    if (slots_[slot] != 0) return slots_[slot] - 1;
    ids_.push_back(id);
    slots_[slot] = static_cast<uint32_t>(ids_.size());
    if (2 * ids_.size() > slots_.size()) grow();
    return static_cast<uint32_t>(ids_.size() - 1);
  }

  const std::vector<uint64_t>& ids() const { return ids_; }

 private:
  std::size_t slot_of(uint64_t id) const {
    // Multiplicative hashing by 2^64 / golden ratio (Knuth, TAOCP 6.4), after a fold of the upper bits.
    std::size_t slot = ((id ^ (id >> 29)) * 0x9e3779b97f4a7c15u) >> 20 & (slots_.size() - 1);
    while (slots_[slot] != 0 && ids_[slots_[slot] - 1] != id) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }
  void grow() {
    std::vector<uint32_t>(2 * slots_.size()).swap(slots_);
    for (std::size_t i = 0; i < ids_.size(); ++i) slots_[slot_of(ids_[i])] = static_cast<uint32_t>(i + 1);
  }

  std::vector<uint32_t> slots_;  // number + 1; 0: free
  std::vector<uint64_t> ids_;
};

}  // namespace

LinkView Network::view() const {
  LinkView view;
  view.nodes = nodes;
  view.count = targets.size();
  view.sources = sources.data();
  view.targets = targets.data();
  view.weights = weights.empty() ? nullptr : weights.data();
  view.bipartite = bipartite;
  return view;
}

void NetworkReader::append(const char* data, std::size_t size) {
  lines_.append(data, size);
  appended_ += size;
}

runtime::Status NetworkReader::read(const runtime::Cancel& cancel) {
  runtime::Status status = lines_.read(cancel, [this](Line& line) { return read_line(line); });
  if (bytes_ > 0 && appended_ >= kSample) reserve();
  return status;
}

// Room for as many links as the whole text has if it goes on like this: vectors that grow by doubling would hold up to
// three times what they need while they are moved.
void NetworkReader::reserve() {
  const double share = static_cast<double>(bytes_) / static_cast<double>(appended_);
  bytes_ = 0;
  if (share <= 1) return;
  const auto count = static_cast<std::size_t>(1.02 * share * static_cast<double>(targets_.size()));
  sources_.reserve(count);
  targets_.reserve(count);
  if (!weights_.empty()) weights_.reserve(count);
}

runtime::Status NetworkReader::read_line(Line& line) {
  const int next = line.peek();
  if (next < 0 || next == '#' || next == '%') return {};
  if (next == '*') return read_section(line);
  return section_ == Section::kVertices ? read_vertex(line) : read_link(line);
}

// *Vertices, *Edges ... in any case.
runtime::Status NetworkReader::read_section(Line& line) {
  Line start = line;
  std::string_view word;
  line.word(word);
  for (const char* name : {"*edges", "*arcs", "*links"}) {
    if (!same_word(word, name)) continue;
    if (second_kind_ > 0) return lines_.error(start, "no other links beside those of *Bipartite");
    section_ = Section::kLinks;
    return {};
  }
  if (same_word(word, "*network")) return {};  // Pajek's title
  for (const char* name : {"*states", "*multilayer", "*intra", "*inter"})
    if (same_word(word, name))
      return lines_.error(
          "expected a network of nodes and links, but this is a state or multilayer network, which is not read");
  if (same_word(word, "*vertices")) {
    if (has_vertices_ || !targets_.empty()) return lines_.error(start, "*Vertices once, before all links,");
    if (line.peek() >= 0 && !line.integer(vertices_, 0, kNarrow))
      return lines_.error(line, whole_number("the number of vertices", 0, kNarrow));
    has_vertices_ = true;
    section_ = Section::kVertices;
    return {};
  }
  if (same_word(word, "*bipartite")) {
    if (!targets_.empty()) return lines_.error(start, "*Bipartite once, before all links,");
    if (!line.integer(second_kind_, 1))
      return lines_.error(line, whole_number("the lowest node of the second kind", 1, kMaxId));
    section_ = Section::kBipartite;
    return {};
  }
  return lines_.error(start, "one of *Vertices, *Edges, *Arcs, *Links, *Bipartite");
}

// `id "name" [weight] ...`; what follows (coordinates, shapes) is not read.
runtime::Status NetworkReader::read_vertex(Line& line) {
  uint64_t id;
  if (!line.integer(id)) return lines_.error(line, whole_number("a vertex", 0, kMaxId));
  if (id > node_limit_) return {};
  std::string_view name;
  if (line.peek() >= 0 && !line.word(name)) return lines_.error(line, "a closing quote");
  double weight = NAN;
  if (line.peek() >= 0) line.number(weight);
  vertex_list_.push_back({id, names_.size(), name.size(), weight});
  names_ += name;
  return {};
}

// `source target [weight] ...`; what follows (attributes, comments) is not read.
runtime::Status NetworkReader::read_link(Line& line) {
  uint64_t source, target;
  Line start = line;
  if (!line.integer(source)) return lines_.error(line, whole_number("a source node", 0, kMaxId));
  if (!line.integer(target)) return lines_.error(line, whole_number("a target node", 0, kMaxId));
  if (section_ == Section::kBipartite && (source < second_kind_) == (target < second_kind_)) {
    return lines_.error(start,
                        "a link between a node below " + std::to_string(second_kind_) + " and one from there on,");
  }
  double weight = 1;
  const int next = line.peek();
  // A comment, the attributes that networkx writes, or in Pajek those that begin with a letter: no weight.
  const bool other =
      next == '#' || next == '%' || next == '{' || (has_vertices_ && ((next | 0x20) >= 'a' && (next | 0x20) <= 'z'));
  if (next >= 0 && !other && !line.number(weight))
    return lines_.error(line, "a weight, a finite number of at least 0,");
  if (weight == 0 || weight < weight_threshold_ || source > node_limit_ || target > node_limit_) return {};
  if (weight != 1 || !weights_.empty()) {
    if (weights_.empty()) {
      weights_.reserve(targets_.capacity());
      weights_.assign(targets_.size(), 1);
    }
    weights_.push_back(weight);
  }
  add(source, target);
  return {};
}

void NetworkReader::add(uint64_t source, uint64_t target) {
  if ((source | target) > kNarrow && source_high_.empty()) {
    source_high_.assign(sources_.size(), 0);
    target_high_.assign(targets_.size(), 0);
    source_high_.push_back(static_cast<uint32_t>(source >> 32));
    target_high_.push_back(static_cast<uint32_t>(target >> 32));
  } else if (!source_high_.empty()) {
    source_high_.push_back(static_cast<uint32_t>(source >> 32));
    target_high_.push_back(static_cast<uint32_t>(target >> 32));
  }
  sources_.push_back(static_cast<uint32_t>(source));
  targets_.push_back(static_cast<uint32_t>(target));
}

runtime::Status NetworkReader::finish(const runtime::Cancel& cancel, Network& network) {
  lines_.append("\n", 1);
  runtime::Status status = read(cancel);
  if (!status.ok()) return status;
  if (has_vertices_) {
    if (vertices_ > table_size()) {
      return lines_.error("expected at most " + std::to_string(table_size()) +
                          " vertices of a file that ends here, but it promises " + std::to_string(vertices_));
    }
    if (counted_from_one()) {
      network.nodes = static_cast<uint32_t>(vertices_);
      network.ids.resize(network.nodes);
      for (uint32_t u = 0; u < network.nodes; ++u) network.ids[u] = u + uint64_t{1};
      for (uint32_t& u : sources_) --u;
      for (uint32_t& u : targets_) --u;
    } else {
      number_by_hash(network);
    }
    put_names(network);
  } else if (!source_high_.empty()) {
    number_by_hash(network);
  } else {
    uint32_t highest = 0;
    for (std::size_t i = 0; i < targets_.size(); ++i) highest = std::max({highest, sources_[i], targets_[i]});
    if (highest < table_size()) number_by_table(highest, network);
    else number_by_hash(network);
  }
  if (second_kind_ > 0) {
    const auto first = std::lower_bound(network.ids.begin(), network.ids.end(), second_kind_);
    network.bipartite = static_cast<uint32_t>(first - network.ids.begin());
  }
  network.sources = std::move(sources_);
  network.targets = std::move(targets_);
  network.weights = std::move(weights_);
  return {};
}

// Whether all nodes are from 1 up to the number that *Vertices says.
bool NetworkReader::counted_from_one() const {
  if (!source_high_.empty() || vertices_ > node_limit_) return false;
  const auto within = [this](uint64_t id) { return id >= 1 && id <= vertices_; };
  return std::all_of(sources_.begin(), sources_.end(), within) &&
         std::all_of(targets_.begin(), targets_.end(), within) &&
         std::all_of(vertex_list_.begin(), vertex_list_.end(), [&](const Vertex& vertex) { return within(vertex.id); });
}

// The longest table, of one entry an id, that a file of so many lines is worth.
uint64_t NetworkReader::table_size() const { return 4 * lines_.line() + 1'000'000; }

void NetworkReader::number_by_table(uint64_t highest, Network& network) {
  if (targets_.empty()) return;
  std::vector<uint32_t> number(highest + 1);
  for (std::size_t i = 0; i < targets_.size(); ++i) number[sources_[i]] = number[targets_[i]] = 1;
  for (uint64_t id = 0; id <= highest; ++id) {
    if (number[id] == 0) continue;
    number[id] = static_cast<uint32_t>(network.ids.size());
    network.ids.push_back(id);
  }
  network.nodes = static_cast<uint32_t>(network.ids.size());
  if (network.nodes == highest + 1) return;  // no gap: ids are numbers
  for (uint32_t& u : sources_) u = number[u];
  for (uint32_t& u : targets_) u = number[u];
}

void NetworkReader::number_by_hash(Network& network) {
  Ids ids;
  // Vertices that are counted but not listed: from 1 on, or from 0 where a node has that number.
  const auto is_zero = [](uint64_t id) { return id == 0; };
  const bool from_zero = source_high_.empty() && (std::any_of(sources_.begin(), sources_.end(), is_zero) ||
                                                  std::any_of(targets_.begin(), targets_.end(), is_zero) ||
                                                  std::any_of(vertex_list_.begin(), vertex_list_.end(),
                                                              [](const Vertex& vertex) { return vertex.id == 0; }));
  for (uint64_t id = 0; id < vertices_; ++id)
    if (id + !from_zero <= node_limit_) ids.number_of(id + !from_zero);
  for (const Vertex& vertex : vertex_list_) ids.number_of(vertex.id);
  const auto number = [&](uint32_t& end, std::vector<uint32_t>& high, std::size_t i) {
    end = ids.number_of(high.empty() ? end : uint64_t{high[i]} << 32 | end);
  };
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    number(sources_[i], source_high_, i);
    number(targets_[i], target_high_, i);
  }
  std::vector<uint32_t>().swap(source_high_);
  std::vector<uint32_t>().swap(target_high_);
  network.nodes = static_cast<uint32_t>(ids.ids().size());
  network.ids = ids.ids();
  std::sort(network.ids.begin(), network.ids.end());
  std::vector<uint32_t> rank(network.nodes);
  for (uint32_t u = 0; u < network.nodes; ++u) rank[ids.number_of(network.ids[u])] = u;
  for (uint32_t& u : sources_) u = rank[u];
  for (uint32_t& u : targets_) u = rank[u];
}

// Where one vertex is named twice, the last name counts; one without a name is called by its number.
void NetworkReader::put_names(Network& network) {
  std::vector<std::size_t> place(network.nodes, vertex_list_.size());
  bool weighted = false;
  for (std::size_t i = 0; i < vertex_list_.size(); ++i) {
    const Vertex& vertex = vertex_list_[i];
    place[static_cast<std::size_t>(std::lower_bound(network.ids.begin(), network.ids.end(), vertex.id) -
                                   network.ids.begin())] = i;
    weighted = weighted || vertex.weight > 0;
    network.named = network.named || vertex.size > 0;
  }
  if (weighted) network.node_weights.assign(network.nodes, 1);
  for (uint32_t u = 0; u < network.nodes; ++u) {
    const Vertex* const vertex = place[u] < vertex_list_.size() ? &vertex_list_[place[u]] : nullptr;
    if (weighted && vertex && !std::isnan(vertex->weight)) network.node_weights[u] = vertex->weight;
    if (!network.named) continue;
    if (u > 0) network.names += '\n';
    if (vertex && vertex->size > 0) network.names.append(names_, vertex->begin, vertex->size);
    else network.names += std::to_string(network.ids[u]);
  }
}

}  // namespace infomotion::infomap
