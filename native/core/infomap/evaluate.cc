#include "infomap/evaluate.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "infomap/plogp.h"

namespace infomotion::infomap {
namespace {

// Sums flow, enter and exit of the level's `count` modules.
void sum_modules(const Flow& flow, uint32_t count, Level& level) {
  level.flow.assign(count, 0);
  level.enter.assign(count, 0);
  level.exit.assign(count, 0);
  std::vector<double> teleported(flow.recorded() ? count : 0), landing(teleported.size());
  double all_teleported = 0;
  for (uint32_t u = 0; u < flow.nodes; ++u) {
    const uint32_t from = level.modules[u];
    level.flow[from] += flow.node_flow[u];
    if (flow.recorded()) {
      teleported[from] += flow.teleported[u];
      landing[from] += flow.landing[u];
      all_teleported += flow.teleported[u];
    }
    for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) {
      const uint32_t to = level.modules[flow.targets[i]];
      if (from == to) continue;
      level.exit[from] += flow.link_flow[i];
      level.enter[to] += flow.link_flow[i];
      if (!flow.directed) {
        level.exit[to] += flow.link_flow[i];
        level.enter[from] += flow.link_flow[i];
      }
    }
  }
  for (std::size_t m = 0; m < teleported.size(); ++m) {
    // A module that holds everything is never left; rounding must not make that a trace above or below 0.
    level.exit[m] += teleported[m] * std::max(0.0, 1 - landing[m]);
    level.enter[m] += std::max(0.0, all_teleported - teleported[m]) * landing[m];
  }
}

// A codebook, word by word.
struct Codebook {
  std::size_t level = 0;
  double exit = 0, sum = 0, bits = 0;
  uint32_t words = 0;
  void add(double rate) {
    sum += rate;
    bits -= plogp(rate);
    ++words;
  }
  double cost() const { return bits + plogp(exit + sum) - plogp(exit); }
};

}  // namespace

double word_correction(const Flow& flow, double strength) {
  constexpr double kLn2 = 0.69314718055994530942;
  const double observations = std::max(flow.weight, flow.ends);
  return observations > 0 ? std::min(strength / (2 * observations * kLn2), 1e290) : 0;  // finite for any network
}

uint32_t number_modules(std::vector<uint32_t>& modules) {
  std::unordered_map<uint32_t, uint32_t> numbers;
  for (uint32_t& m : modules) m = numbers.emplace(m, static_cast<uint32_t>(numbers.size())).first->second;
  return static_cast<uint32_t>(numbers.size());
}

runtime::Status make_hierarchy(const Flow& flow, std::vector<std::vector<uint32_t>> levels, Hierarchy& hierarchy) {
  hierarchy.clear();
  for (std::vector<uint32_t>& modules : levels) {
    Level level;
    level.modules = std::move(modules);
    uint32_t count = 0;
    for (uint32_t m : level.modules) count = std::max(count, m + 1);
    if (!hierarchy.empty()) {
      const std::vector<uint32_t>& above = hierarchy.back().modules;
      level.parents.assign(count, UINT32_MAX);
      for (uint32_t u = 0; u < flow.nodes; ++u) {
        uint32_t& parent = level.parents[level.modules[u]];
        if (parent == UINT32_MAX) parent = above[u];
        if (parent == above[u]) continue;
        return runtime::Status::error(
            "INVALID_ARGUMENT", "Level " + std::to_string(hierarchy.size()) + " of the modules is not inside the one " +
                                    "above: the module of node " + std::to_string(u) + " lies in two modules there.");
      }
    }
    sum_modules(flow, count, level);
    hierarchy.push_back(std::move(level));
  }
  return {};
}

Codelength evaluate(const Flow& flow, const Hierarchy& hierarchy, double correction) {
  const auto add_nodes = [&](std::vector<Codebook>& books, const auto& book_of) {
    for (uint32_t u = 0; u < flow.nodes; ++u) books[book_of(u)].add(flow.node_flow[u]);
  };
  const auto without_exit = [&](const Codebook& book) {
    return book.cost() + (book.words > 0 ? correction * (book.words - 1) : 0);
  };
  Codelength code;
  std::vector<Codebook> all(1);
  add_nodes(all, [](uint32_t) { return 0; });
  code.one_level = without_exit(all[0]);

  std::vector<Codebook> books(1);    // the index codebook, then one for each module
  std::vector<std::size_t> book_of;  // the codebook of each module of the level
  for (std::size_t l = 0; l < hierarchy.size(); ++l) {
    const Level& level = hierarchy[l];
    const std::size_t count = level.flow.size();
    std::vector<uint32_t> siblings(l == 0 ? 1 : hierarchy[l - 1].flow.size());
    const auto parent = [&](std::size_t m) { return l == 0 ? 0 : level.parents[m]; };
    for (std::size_t m = 0; m < count; ++m) ++siblings[parent(m)];
    std::vector<std::size_t> here(count);
    for (std::size_t m = 0; m < count; ++m) {
      const std::size_t above = l == 0 ? 0 : book_of[parent(m)];
      here[m] = above;
      if (l > 0 && siblings[parent(m)] == 1) continue;
      here[m] = books.size();
      books[above].add(level.enter[m]);
      Codebook book;
      book.level = l + 1;
      book.exit = level.exit[m];
      books.push_back(book);
    }
    book_of = std::move(here);
  }
  add_nodes(books, [&](uint32_t u) { return book_of[hierarchy.back().modules[u]]; });

  code.by_level.assign(hierarchy.size() + 1, 0);
  code.by_level[0] = without_exit(books[0]);
  const bool one_top = books[0].words == 1;  // the only module at the top is never left
  for (std::size_t b = 1; b < books.size(); ++b) {
    const Codebook& book = books[b];
    code.by_level[book.level] +=
        one_top && book.level == 1 ? without_exit(book) : book.cost() + correction * book.words;
  }
  for (double bits : code.by_level) code.total += bits;
  return code;
}

}  // namespace infomotion::infomap
