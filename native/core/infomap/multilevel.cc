#include "infomap/multilevel.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "infomap/objectives.h"
#include "infomap/optimizer.h"
#include "runtime/thread_pool.h"

namespace infomotion::infomap {
namespace {

constexpr double kMinTreeGain = 1e-10;  // bits that a change of the tree must gain
constexpr double kRelativeGain = 1e-5;  // the search ends after a round that gains a smaller share of the total

// Some nodes of the network and the links between them, as a network of its own.
template <class Unit>
struct Subnetwork {
  FlowGraph graph;
  std::vector<Unit> units;
  std::vector<uint32_t> nodes;  // their numbers in the whole network
};

// A module, or the whole network. It holds either modules or, at the finest level, nodes.
template <class Unit>
struct Tree {
  std::vector<Tree> children;
  std::vector<uint32_t> nodes;
  Unit unit;        // all nodes inside
  double bits = 0;  // the length of its codebook and of those of all modules inside
};

// How many of the children the walker visits.
template <class Unit>
uint32_t visited(const Tree<Unit>& tree) {
  uint32_t count = 0;
  for (const Tree<Unit>& child : tree.children) count += child.unit.flow > 0;
  return count;
}

// The search that multilevel.h describes. With the codebooks of evaluate.h, the codelength of a tree is
//
//   L = sum over all modules m and the network of  plogp(x_m + sum y) - plogp(x_m) - sum plogp(y),
//
// y being the rates of the children of m: of a module, the rate at which it is entered; of a node, its visit rate. A
// codebook depends on its own children only. So each part of the tree can be searched by itself, and the gain of a
// change is the difference of the codebooks that it touches.
template <class Objective>
class LevelSearch {
 public:
  static_assert(is_map_equation_v<Objective>, "objective.h says what an objective must have");
  using Unit = typename Objective::Unit;
  using Module = Tree<Unit>;

  // `opens_first`: groups are opened before their insides are searched, and not only after that. Either may be better.
  LevelSearch(const Objective& objective, const SearchOptions& options, bool opens_first, const runtime::Cancel& cancel)
      : objective_(objective),
        threads_(options.threads),
        thorough_(options.thorough),
        opens_first_(opens_first),
        cancel_(cancel) {}

  Module run(const Subnetwork<Unit>& whole, std::vector<uint32_t> initial, runtime::Random random) const {
    Module best = build(whole, {}, std::move(initial), random);
    while (visited(best) > 1) {
      Module next = best;
      regroup(next, whole, random);
      improve(next, whole, random);
      if (cancel_.requested()) break;
      const double gain = score(best, {}) - score(next, {});
      if (gain > kMinTreeGain) best = std::move(next);
      if (gain < std::max(kMinTreeGain, kRelativeGain * best.bits)) break;
    }
    return best;
  }

 private:
  // The length of the codebook with these words: of a module, or without `exit` the index codebook of the whole
  // network.
  double book(const std::vector<Unit>& words, std::optional<double> exit) const {
    return objective_.within(words, exit).undivided();
  }

  // The modules as words of the codebook one level up: a module is used at the rate at which it is entered.
  std::vector<Unit> words(const std::vector<Module>& modules) const {
    std::vector<Unit> result;
    for (const Module& module : modules) {
      result.push_back(module.unit);
      result.back().flow = objective_.enter(module.unit);
    }
    return result;
  }

  // What a change of the tree must lower. The preferred number of modules counts at the top only.
  double score(const Module& tree, std::optional<double> exit) const {
    return tree.bits + (exit ? 0 : objective_.preference(visited(tree)));
  }

  void sum_bits(Module& tree, std::optional<double> exit) const {
    tree.bits = book(words(tree.children), exit);
    for (const Module& child : tree.children) tree.bits += child.bits;
  }

  // Builds a tree from nothing: for the whole network or, with `exit`, for the inside of a module that is left at that
  // rate. Partitions the nodes, groups the modules upwards, then searches inside each. The result has no children if
  // one module is shortest.
  Module build(const Subnetwork<Unit>& part, std::optional<double> exit, std::vector<uint32_t> initial,
               runtime::Random& random) const {
    Module tree;
    tree.nodes = part.nodes;
    const Objective objective = objective_.within(part.units, exit);
    tree.bits = objective.undivided();
    if (exit && (part.nodes.size() <= 2 || cancel_.requested())) return tree;
    const runtime::Random own(random.next());
    const SearchOptions options{std::move(initial), threads_, thorough_ && !exit};
    const Partition found = exit ? optimize(part.graph, part.units, objective, options, own, cancel_)
                                 : optimize_network(part.graph, part.units, objective, options, own, cancel_);
    if (exit && (found.count <= 1 || found.total >= tree.bits - kMinTreeGain)) return tree;
    std::vector<Subnetwork<Unit>> parts = split(part, found.modules, found.count);
    const std::vector<Unit> units = sum_units(part.graph, part.units, found.modules, found.count);
    tree.nodes.clear();
    tree.children.resize(found.count);
    for (uint32_t m = 0; m < found.count; ++m) tree.children[m].unit = units[m];
    const bool lone = !exit && found.count == 1;  // the only module of the network is never left: it needs no exit word
    for (uint32_t m = 0; m < found.count; ++m) {
      Module& child = tree.children[m];
      child.nodes = std::move(parts[m].nodes);
      child.bits = book(parts[m].units, lone ? std::nullopt : std::optional<double>(objective_.exit(child.unit)));
    }
    parts.clear();
    group(tree, aggregate(part.graph, found.modules, found.count, threads_), exit, random);
    if (exit || visited(tree) > 1) improve(tree, part, random, exit);
    return tree;
  }

  // Groups the children into modules one level up, then those, and so on while that gains. `graph` holds the flow
  // between the children. A group of one child is that child itself, without a codebook in between.
  void group(Module& tree, FlowGraph graph, std::optional<double> exit, runtime::Random& random) const {
    sum_bits(tree, exit);
    while (tree.children.size() > 2 && !cancel_.requested()) {
      const std::vector<Unit> units = words(tree.children);
      const Objective objective = objective_.within(units, exit);
      const Partition found =
          optimize(graph, units, objective, {{}, threads_, thorough_}, runtime::Random(random.next()), cancel_);
      if (found.count <= 1 || found.count == tree.children.size()) return;
      Module grouped;
      grouped.unit = tree.unit;
      grouped.children.resize(found.count);
      std::vector<uint32_t> size(found.count);
      for (uint32_t m : found.modules) ++size[m];
      std::vector<Unit> sums = sum_units(graph, units, found.modules, found.count);
      for (std::size_t c = 0; c < tree.children.size(); ++c) {
        const uint32_t m = found.modules[c];
        if (size[m] == 1) grouped.children[m] = tree.children[c];
        else grouped.children[m].children.push_back(tree.children[c]);
      }
      for (uint32_t m = 0; m < found.count; ++m) {
        Module& group = grouped.children[m];
        if (size[m] == 1) continue;
        group.unit = sums[m];
        group.unit.flow = 0;  // `sums` counts words, that is rates of entering; the unit is to hold visit rates
        for (const Module& child : group.children) group.unit.flow += child.unit.flow;
        sum_bits(group, objective_.exit(group.unit));
      }
      sum_bits(grouped, exit);
      if (score(grouped, exit) >= score(tree, exit) - kMinTreeGain) return;
      tree = std::move(grouped);
      graph = aggregate(graph, found.modules, found.count, threads_);
    }
  }

  // Searches the inside of each child anew; where that finds nothing better, the insides of the child's own children.
  // The children are independent (see above), so they are searched in parallel, each with random numbers of its own.
  void improve(Module& tree, const Subnetwork<Unit>& part, runtime::Random& random,
               std::optional<double> exit = {}) const {
    // Before the insides change: a group that is opened now still has groups inside, which are put where it was.
    if (opens_first_) dissolve(tree, exit);
    const uint32_t count = static_cast<uint32_t>(tree.children.size());
    const std::vector<Subnetwork<Unit>> parts = split(part, labels(tree, part), count);
    const uint32_t seed = random.next();
    runtime::parallel_for(count, threads_, [&](std::size_t m) {
      Module& child = tree.children[m];
      const double child_exit = objective_.exit(child.unit);
      runtime::Random own(seed, {static_cast<uint32_t>(m)});
      Module found = build(parts[m], child_exit, {}, own);
      if (found.bits < child.bits - kMinTreeGain) {
        found.unit = child.unit;
        child = std::move(found);
      } else if (!child.children.empty()) {
        improve(child, parts[m], own, child_exit);
      }
    });
    sum_bits(tree, exit);
    dissolve(tree, exit);
  }

  // Replaces children by the modules inside them, one child at a time, where that gains: group() makes all groups of a
  // level at once, although some modules may be better without theirs.
  void dissolve(Module& tree, std::optional<double> exit) const {
    std::vector<Unit> here = words(tree.children);
    uint32_t count = visited(tree);
    for (std::size_t c = 0; c < tree.children.size() && !cancel_.requested();) {
      Module& child = tree.children[c];
      if (child.children.empty()) {
        ++c;
        continue;
      }
      std::vector<Unit> opened = here;
      opened[c] = opened.back();
      opened.pop_back();
      for (const Unit& word : words(child.children)) opened.push_back(word);
      double change = book(opened, exit) - book(here, exit) - child.bits;
      for (const Module& inside : child.children) change += inside.bits;
      const uint32_t opened_count = count - (child.unit.flow > 0) + visited(child);
      const double preference = exit ? 0 : objective_.preference(opened_count) - objective_.preference(count);
      if (change + preference >= -kMinTreeGain) {
        ++c;
        continue;
      }
      std::vector<Module> inside = std::move(child.children);
      if (c + 1 < tree.children.size()) child = std::move(tree.children.back());
      tree.children.pop_back();
      for (Module& module : inside) tree.children.push_back(std::move(module));
      tree.bits += change;
      here = std::move(opened);
      count = opened_count;
    }
  }

  // Removes all levels above the finest, and groups the finest modules anew.
  void regroup(Module& tree, const Subnetwork<Unit>& part, runtime::Random& random) const {
    std::vector<Module> finest;
    take_finest(tree, finest);
    tree.children = std::move(finest);
    const uint32_t count = static_cast<uint32_t>(tree.children.size());
    group(tree, aggregate(part.graph, labels(tree, part), count, threads_), {}, random);
  }

  static void take_finest(Module& tree, std::vector<Module>& finest) {
    for (Module& child : tree.children) {
      if (child.children.empty()) finest.push_back(std::move(child));
      else take_finest(child, finest);
    }
  }

  // The child that holds each node of the part.
  static std::vector<uint32_t> labels(const Module& tree, const Subnetwork<Unit>& part) {
    std::vector<std::pair<uint32_t, uint32_t>> child_of;  // node, child
    child_of.reserve(part.nodes.size());
    for (std::size_t c = 0; c < tree.children.size(); ++c)
      collect(tree.children[c], static_cast<uint32_t>(c), child_of);
    std::sort(child_of.begin(), child_of.end());
    std::vector<uint32_t> result(part.nodes.size());  // part.nodes ascend
    for (std::size_t k = 0; k < result.size(); ++k) result[k] = child_of[k].second;
    return result;
  }
  static void collect(const Module& tree, uint32_t label, std::vector<std::pair<uint32_t, uint32_t>>& out) {
    for (uint32_t node : tree.nodes) out.emplace_back(node, label);
    for (const Module& child : tree.children) collect(child, label, out);
  }

  // The nodes of each module, with the links among them.
  static std::vector<Subnetwork<Unit>> split(const Subnetwork<Unit>& part, const std::vector<uint32_t>& modules,
                                             uint32_t count) {
    std::vector<Subnetwork<Unit>> parts(count);
    std::vector<uint32_t> place(part.nodes.size());
    for (std::size_t u = 0; u < modules.size(); ++u) {
      Subnetwork<Unit>& into = parts[modules[u]];
      place[u] = static_cast<uint32_t>(into.nodes.size());
      into.nodes.push_back(part.nodes[u]);
      into.units.push_back(part.units[u]);
    }
    for (Subnetwork<Unit>& into : parts) {
      into.graph.nodes = static_cast<uint32_t>(into.nodes.size());
      into.graph.offsets.reserve(into.nodes.size() + 1);
      into.graph.offsets.push_back(0);
    }
    for (uint32_t u = 0; u < modules.size(); ++u) {
      FlowGraph& graph = parts[modules[u]].graph;
      for (std::size_t i = part.graph.offsets[u]; i < part.graph.offsets[u + 1]; ++i) {
        const uint32_t v = part.graph.neighbours[i];
        if (modules[v] != modules[u]) continue;
        graph.neighbours.push_back(place[v]);
        graph.flow.push_back(part.graph.flow[i]);
      }
      graph.offsets.push_back(graph.neighbours.size());
    }
    return parts;
  }

  const Objective& objective_;
  uint32_t threads_;
  bool thorough_, opens_first_;
  const runtime::Cancel& cancel_;
};

template <class Unit>
std::size_t depth(const Tree<Unit>& tree) {
  std::size_t deepest = 0;
  for (const Tree<Unit>& child : tree.children) deepest = std::max(deepest, depth(child));
  return deepest + (tree.children.empty() ? 0 : 1);
}

// Numbers the modules of each level in `levels`. A module without modules inside goes on down to the deepest level.
template <class Unit>
void label(const Tree<Unit>& tree, std::size_t level, std::vector<std::vector<uint32_t>>& levels,
           std::vector<uint32_t>& counts) {
  for (const Tree<Unit>& child : tree.children) {
    std::vector<const Tree<Unit>*> open{&child};
    while (!open.empty()) {
      const Tree<Unit>* inside = open.back();
      open.pop_back();
      for (uint32_t node : inside->nodes) levels[level][node] = counts[level];
      for (const Tree<Unit>& deeper : inside->children) open.push_back(&deeper);
    }
    ++counts[level];
    if (!child.children.empty()) {
      label(child, level + 1, levels, counts);
      continue;
    }
    for (std::size_t below = level + 1; below < levels.size(); ++below) {
      for (uint32_t node : child.nodes) levels[below][node] = counts[below];
      ++counts[below];
    }
  }
}

}  // namespace

template <class Objective>
Partition optimize_network(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                           const Objective& objective, const SearchOptions& options, runtime::Random random,
                           const runtime::Cancel& cancel) {
  const Objective whole = objective.within(units);
  Partition found = optimize(graph, units, whole, options, random, cancel);
  const double one = whole.undivided() + whole.preference(1);
  if (one >= found.total - kMinTreeGain) return found;
  found.total = one;
  found.count = 0;
  uint32_t first = UINT32_MAX;
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    const bool joins = units[u].flow > 0 || objective.word() > 0;  // a module of its own would be a word more
    found.modules[u] = joins && first != UINT32_MAX ? first : found.count++;
    if (joins && first == UINT32_MAX) first = found.modules[u];
  }
  return found;
}

template <class Objective>
Nested optimize_levels(const FlowGraph& graph, const std::vector<typename Objective::Unit>& units,
                       const Objective& objective, const SearchOptions& options, runtime::Random random,
                       const runtime::Cancel& cancel) {
  Subnetwork<typename Objective::Unit> whole{graph, units, std::vector<uint32_t>(graph.nodes)};
  std::iota(whole.nodes.begin(), whole.nodes.end(), 0);
  const auto search = [&](bool opens_first) {
    return LevelSearch<Objective>(objective, options, opens_first, cancel).run(whole, options.initial, random);
  };
  auto tree = search(false);
  if (options.thorough) {
    auto other = search(true);
    const auto score = [&](const auto& one) { return one.bits + objective.preference(visited(one)); };
    if (score(other) < score(tree) - kMinTreeGain) tree = std::move(other);
  }
  Nested nested;
  nested.codelength = tree.bits;
  nested.preference = objective.preference(visited(tree));
  nested.levels.assign(std::max<std::size_t>(1, depth(tree)), std::vector<uint32_t>(graph.nodes));
  std::vector<uint32_t> counts(nested.levels.size());
  label(tree, 0, nested.levels, counts);
  return nested;
}

#define INSTANTIATE(Objective)                                                                                 \
  template Partition optimize_network(const FlowGraph&, const std::vector<Objective::Unit>&, const Objective&, \
                                      const SearchOptions&, runtime::Random, const runtime::Cancel&);          \
  template Nested optimize_levels(const FlowGraph&, const std::vector<Objective::Unit>&, const Objective&,     \
                                  const SearchOptions&, runtime::Random, const runtime::Cancel&);
INFOMOTION_FOR_OBJECTIVES(INSTANTIATE)
#undef INSTANTIATE

}  // namespace infomotion::infomap
