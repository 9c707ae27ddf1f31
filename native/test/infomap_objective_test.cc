#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "infomap/evaluate.h"
#include "infomap/objectives.h"
#include "infomap_networks.h"

using namespace networks;

namespace {

std::vector<uint32_t> random_modules(Random& random, uint32_t nodes, uint32_t count) {
  std::vector<uint32_t> modules(nodes);
  for (uint32_t& m : modules) m = random.below(count);
  return modules;
}

// The modules of a partition as units, from the definition of Unit.
template <class Unit>
std::vector<Unit> units_of(const FlowGraph& graph, const std::vector<Unit>& units, const std::vector<uint32_t>& modules,
                           uint32_t count) {
  std::vector<Unit> result(count);
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    double inside = 0;
    for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
      if (graph.neighbours[i] < u && modules[graph.neighbours[i]] == modules[u]) inside += graph.flow[i];
    result[modules[u]] = result[modules[u]].joined(units[u], inside);
  }
  return result;
}

double flow_between(const FlowGraph& graph, uint32_t u, const std::vector<uint32_t>& modules, uint32_t module) {
  double sum = 0;
  for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
    if (modules[graph.neighbours[i]] == module) sum += graph.flow[i];
  return sum;
}

Codelength evaluated(const Flow& flow, std::vector<std::vector<uint32_t>> levels, double correction) {
  for (std::vector<uint32_t>& modules : levels) number_modules(modules);
  Hierarchy hierarchy;
  CHECK(make_hierarchy(flow, levels, hierarchy).ok());
  return evaluate(flow, hierarchy, correction);
}

// An objective that does nothing, and some that lack one thing of the contract: the compiler tells them apart.
template <class Self>
struct Idle {
  struct Unit {
    double flow = 0;
    Unit joined(const Unit& other, double) const { return {flow + other.flow}; }
  };
  struct Departure {};
  static std::vector<Unit> units(const Flow&, const FlowGraph&) { return {}; }
  Self within(const std::vector<Unit>&, std::optional<double> = {}) const { return {}; }
  Self part(double) const { return {}; }
  double enter(const Unit&) const { return 0; }
  double exit(const Unit&) const { return 0; }
  double undivided() const { return 0; }
  double word() const { return 0; }
  double preference(uint32_t) const { return 0; }
  uint32_t preferred() const { return 0; }
  Self of_any_number() const { return {}; }
  void start(const std::vector<Unit>&, std::size_t = 0) {}
  Departure leave(const Unit&, uint32_t, double) const { return {}; }
  double delta(const Unit&, const Departure&, uint32_t, double) const { return 0; }
  void move(const Unit&, uint32_t, double, uint32_t, double) {}
  Unit unit(uint32_t) const { return {}; }
  double total() const { return 0; }
};
struct Complete : Idle<Complete> {};
static_assert(is_map_equation_v<Complete>, "has all that is asked");

#define LACKS(Name, ...)     \
  struct Name : Idle<Name> { \
    __VA_ARGS__ = delete;    \
  };                         \
  static_assert(!is_map_equation_v<Name>, #Name)
LACKS(NoUnits, static void units(const Flow&, const FlowGraph&));
LACKS(NoWithin, void within(const std::vector<Unit>&, std::optional<double> = {}) const);
LACKS(NoPart, void part(double) const);
LACKS(NoEnter, void enter(const Unit&) const);
LACKS(NoExit, void exit(const Unit&) const);
LACKS(NoUndivided, void undivided() const);
LACKS(NoWord, void word() const);
LACKS(NoPreference, void preference(uint32_t) const);
LACKS(NoPreferred, void preferred() const);
LACKS(NoAnyNumber, void of_any_number() const);
LACKS(NoStart, void start(const std::vector<Unit>&, std::size_t = 0));
LACKS(NoLeave, void leave(const Unit&, uint32_t, double) const);
LACKS(NoDelta, void delta(const Unit&, const Departure&, uint32_t, double) const);
LACKS(NoMove, void move(const Unit&, uint32_t, double, uint32_t, double));
LACKS(NoUnit, void unit(uint32_t) const);
LACKS(NoTotal, void total() const);
#undef LACKS

struct NoUnitFlow : Idle<NoUnitFlow> {
  struct Unit {
    Unit joined(const Unit&, double) const { return {}; }
  };
};
static_assert(!is_map_equation_v<NoUnitFlow>, "its units have no flow");
struct ChangesOnLook : Idle<ChangesOnLook> {
  double total() { return 0; }  // not const
};
static_assert(!is_map_equation_v<ChangesOnLook>, "looking at the total must not change it");
static_assert(!is_map_equation_v<int> && !is_map_equation_v<LinkRates<true>>, "no objectives at all");

// What an objective is checked under: the flow of a network, and the costs that only Counted knows.
template <class Objective>
class Checker {
 public:
  using Unit = typename Objective::Unit;
  Checker(const Flow& flow, Objective objective, const ModuleCosts& costs, Random& random)
      : flow_(flow),
        objective_(objective),
        costs_(costs),
        random_(random),
        graph_(make_flow_graph(flow)),
        units_(Objective::units(flow, graph_)) {}

  // delta == total(after) - total(before) == evaluate(after) - evaluate(before), for moves and on the aggregated graph.
  void moves() {
    const uint32_t count = 1 + random_.below(6);
    std::vector<uint32_t> modules = random_modules(random_, flow_.nodes, count);
    Objective objective = objective_.within(units_);
    objective.start(units_of(graph_, units_, modules, count));
    double before = objective.total();
    CHECK_NEAR(before, expected(modules), 1e-12);
    for (int i = 0; i < 20; ++i) {
      const uint32_t u = random_.below(flow_.nodes), from = modules[u], to = random_.below(count);
      if (to == from) continue;
      const double s_from = flow_between(graph_, u, modules, from), s_to = flow_between(graph_, u, modules, to);
      const double delta = objective.delta(units_[u], objective.leave(units_[u], from, s_from), to, s_to);
      objective.move(units_[u], from, s_from, to, s_to);
      modules[u] = to;
      CHECK_NEAR(delta, objective.total() - before, 1e-12);
      before = objective.total();
      CHECK_NEAR(before, expected(modules), 1e-12);
    }
    const uint32_t used = number_modules(modules);
    const FlowGraph coarse = aggregate(graph_, modules, used);
    const auto coarse_units = units_of(graph_, units_, modules, used);
    const uint32_t halves = 1 + used / 2;
    std::vector<uint32_t> above(used), projected(flow_.nodes);
    for (uint32_t m = 0; m < used; ++m) above[m] = m % halves;
    for (uint32_t u = 0; u < flow_.nodes; ++u) projected[u] = above[modules[u]];
    Objective aggregated = objective_.within(units_);
    aggregated.start(coarse_units);
    CHECK_NEAR(aggregated.total(), before, 1e-12);
    aggregated.start(units_of(coarse, coarse_units, above, halves));
    CHECK_NEAR(aggregated.total(), expected(projected), 1e-12);
  }

  // Modules as words of the level above, and the inside of a module as a network of its own, add up to the codelength
  // of the three levels: what the search of nested modules rests on.
  void levels() {
    std::vector<uint32_t> fine = random_modules(random_, flow_.nodes, 9);
    const uint32_t count = number_modules(fine);
    const uint32_t tops = 1 + random_.below(4);
    std::vector<uint32_t> above(count), top(flow_.nodes);
    for (uint32_t& m : above) m = random_.below(tops);
    for (uint32_t u = 0; u < flow_.nodes; ++u) top[u] = above[fine[u]];
    std::vector<uint32_t> top_of_node = top;
    const uint32_t used = number_modules(top_of_node);
    for (uint32_t u = 0; u < flow_.nodes; ++u) above[fine[u]] = top_of_node[u];
    const double whole = evaluated(flow_, {top, fine}, costs_.correction).total + preference(top);
    if (visited_modules(top) <= 1 || used == 1) return;  // then the only top module is never left

    auto modules = units_of(graph_, units_, fine, count);
    double bits = 0;  // of the finest codebooks
    std::vector<uint32_t> siblings(used);
    for (uint32_t m = 0; m < count; ++m) ++siblings[above[m]];
    for (uint32_t m = 0; m < count; ++m)
      if (siblings[above[m]] > 1) bits += flat(members(fine, m), objective_.exit(modules[m]));
    for (uint32_t t = 0; t < used; ++t)
      if (siblings[t] == 1) bits += flat(members(top_of_node, t), exit_of(top_of_node, t));

    // Above: modules are words at the rate they are entered.
    const FlowGraph coarse = aggregate(graph_, fine, count);
    for (Unit& module : modules) module.flow = objective_.enter(module);
    Objective over = objective_.within(modules);
    over.start(units_of(coarse, modules, above, used));
    double lone = 0;  // a single module inside another has no codebook of its own, `over` counts one
    for (uint32_t m = 0; m < count; ++m) {
      if (siblings[above[m]] > 1) continue;
      const double x = objective_.exit(modules[m]), q = modules[m].flow;
      lone += plogp(x + q) - plogp(x) - plogp(q) + costs_.correction;
    }
    CHECK_NEAR(over.total() - lone + bits, whole, 1e-12);

    // Below: the inside of each top module.
    double insides = 0;
    for (uint32_t t = 0; t < used; ++t) {
      const std::vector<uint32_t> nodes = members(top_of_node, t);
      const double exit = exit_of(top_of_node, t);
      if (siblings[t] == 1) {
        insides += flat(nodes, exit);
        continue;
      }
      std::vector<Unit> inner;
      std::vector<uint32_t> parts;
      for (uint32_t u : nodes) {
        inner.push_back(units_[u]);
        parts.push_back(fine[u]);
      }
      const uint32_t pieces = number_modules(parts);
      FlowGraph graph = inside(nodes);
      Objective objective = objective_.within(inner, exit);
      objective.start(units_of(graph, inner, parts, pieces));
      insides += objective.total();
    }
    CHECK_NEAR(evaluated(flow_, {top, fine}, costs_.correction).by_level[0] + insides + preference(top), whole, 1e-12);
  }

 private:
  int visited_modules(const std::vector<uint32_t>& modules) const {
    std::set<uint32_t> seen;
    for (uint32_t u = 0; u < flow_.nodes; ++u)
      if (flow_.node_flow[u] > 0) seen.insert(modules[u]);
    return static_cast<int>(seen.size());
  }
  double preference(const std::vector<uint32_t>& modules) const {
    return costs_.preferred == 0 ? 0 : std::abs(visited_modules(modules) - static_cast<int>(costs_.preferred));
  }
  double expected(const std::vector<uint32_t>& modules) const {
    return evaluated(flow_, {modules}, costs_.correction).total + preference(modules);
  }
  std::vector<uint32_t> members(const std::vector<uint32_t>& modules, uint32_t m) const {
    std::vector<uint32_t> nodes;
    for (uint32_t u = 0; u < flow_.nodes; ++u)
      if (modules[u] == m) nodes.push_back(u);
    return nodes;
  }
  // The codebook of a module of nodes.
  double flat(const std::vector<uint32_t>& nodes, double exit) const {
    double sum = 0, bits = 0;
    for (uint32_t u : nodes) {
      sum += flow_.node_flow[u];
      bits -= plogp(flow_.node_flow[u]);
      bits += costs_.correction;
    }
    return bits + plogp(exit + sum) - plogp(exit);
  }
  double exit_of(const std::vector<uint32_t>& modules, uint32_t m) const {
    uint32_t count = 0;
    for (uint32_t k : modules) count = std::max(count, k + 1);
    return objective_.exit(units_of(graph_, units_, modules, count)[m]);
  }
  FlowGraph inside(const std::vector<uint32_t>& nodes) const {
    std::vector<uint32_t> place(flow_.nodes, UINT32_MAX);
    for (uint32_t k = 0; k < nodes.size(); ++k) place[nodes[k]] = k;
    FlowGraph result;
    result.nodes = static_cast<uint32_t>(nodes.size());
    result.offsets.push_back(0);
    for (uint32_t u : nodes) {
      for (std::size_t i = graph_.offsets[u]; i < graph_.offsets[u + 1]; ++i) {
        if (place[graph_.neighbours[i]] == UINT32_MAX) continue;
        result.neighbours.push_back(place[graph_.neighbours[i]]);
        result.flow.push_back(graph_.flow[i]);
      }
      result.offsets.push_back(result.neighbours.size());
    }
    return result;
  }

  const Flow& flow_;
  Objective objective_;
  ModuleCosts costs_;
  Random& random_;
  FlowGraph graph_;
  std::vector<Unit> units_;
};

template <class Base>
void check(const Flow& flow, Random& random) {
  Checker<Base> plain(flow, Base(flow), {}, random);
  plain.moves();
  plain.levels();
  for (const ModuleCosts& costs : {ModuleCosts{word_correction(flow, 1), 0}, ModuleCosts{0, 1 + random.below(5)},
                                   ModuleCosts{word_correction(flow, 0.5), 1 + random.below(5)}}) {
    Checker<Counted<Base>> counted(flow, Counted<Base>(flow, costs), costs, random);
    counted.moves();
    counted.levels();
  }
}

// The ways a walker can move over undirected and directed networks.
std::vector<WalkOptions> walk_options(bool directed) {
  std::vector<WalkOptions> all(1);
  const auto add = [&](auto change) {
    all.emplace_back();
    change(all.back());
  };
  add([](WalkOptions& o) { o.markov_time = 0.6, o.self_links = false; });
  add([](WalkOptions& o) { o.regularization = 1; });
  add([](WalkOptions& o) { o.regularization = 0.2, o.markov_time = 1.7; });
  if (!directed) return all;
  add([](WalkOptions& o) { o.to_nodes = true; });
  add([](WalkOptions& o) { o.recorded = true, o.teleportation = 0.3; });
  add([](WalkOptions& o) { o.recorded = true, o.to_nodes = true, o.markov_time = 2; });
  return all;
}

}  // namespace

TEST("infomap: the delta of a move is total(after) - total(before), aggregation preserves the total, levels add up") {
  Random random(2);
  for (int i = 0; i < 60; ++i) {
    const List list = random_network(random, 5 + random.below(40), random.below(200));
    for (bool directed : {false, true}) {
      for (const WalkOptions& options : walk_options(directed)) {
        const Flow flow = flow_of(list, directed, options);
        if (flow.recorded()) check<RecordedMapEquation>(flow, random);
        else if (directed) check<DirectedMapEquation>(flow, random);
        else check<UndirectedMapEquation>(flow, random);
      }
    }
  }
}

TEST("infomap: a part of the network is counted as if the rest were divided as finely as it is") {
  Random random(4);
  for (int i = 0; i < 20; ++i) {
    const Flow flow = flow_of(random_network(random, 30, 120), i % 2 == 1);
    const FlowGraph graph = make_flow_graph(flow);
    const auto units = DirectedMapEquation::units(flow, graph);
    const double share = 0.05 + 0.9 * random.uniform();
    DirectedMapEquation whole = DirectedMapEquation(flow).within(units), part = whole.part(share);
    const auto modules = sum_units(graph, units, random_modules(random, flow.nodes, 4), 4);
    whole.start(modules);
    part.start(modules);
    double q = 0;
    for (const auto& module : modules) q += module.enter;
    // The index codebook of the network has the rate q / share, of which the part bears its share.
    CHECK_NEAR(part.total() - whole.total(), share * plogp(q / share) - plogp(q), 1e-12);
  }
}

TEST("infomap: the index codebook's change is the difference of its terms, for small steps and large ones") {
  const std::vector<LinkUnit> units = {{0.5, 0.2, 0.2}, {0.5, 0.3, 0.3}};
  for (const double outer_exit : {0.0, 0.25}) {
    IndexCodebook index = IndexCodebook::of(units, outer_exit);
    index.clear();
    for (const LinkUnit& unit : units) index.add(unit.enter);
    index.settle();
    const double q = outer_exit + 0.5;
    CHECK_NEAR(index.enter(), q, 1e-15);
    CHECK_NEAR(index.undivided(), plogp(outer_exit + 1) - plogp(outer_exit) - 2 * plogp(0.5), 1e-15);
    CHECK_NEAR(index.bits(), plogp(q) - plogp(outer_exit) - 2 * plogp(0.5), 1e-15);
    for (double step = 1e-9; step < 1; step *= 1.1)
      for (const double to : {q * (1 + step), q * (1 - step)})
        CHECK_NEAR(index.change(to), plogp(to) - plogp(q), 1e-15 + 1e-15 * step);
  }
}

TEST("infomap: the modules of a partition are the sums of their units, less the flow inside") {
  Random random(5);
  for (int i = 0; i < 20; ++i) {
    WalkOptions options;
    options.recorded = true;
    const Flow flow = flow_of(random_network(random, 40, 200), true, options);
    const FlowGraph graph = make_flow_graph(flow);
    const auto units = RecordedMapEquation::units(flow, graph);
    const std::vector<uint32_t> modules = random_modules(random, flow.nodes, 6);
    const auto sums = sum_units(graph, units, modules, 6), expected = units_of(graph, units, modules, 6);
    for (std::size_t m = 0; m < sums.size(); ++m) {
      CHECK_NEAR(sums[m].flow, expected[m].flow, 1e-14);
      CHECK_NEAR(sums[m].enter, expected[m].enter, 1e-14);
      CHECK_NEAR(sums[m].exit, expected[m].exit, 1e-14);
      CHECK_NEAR(sums[m].teleported, expected[m].teleported, 1e-14);
      CHECK_NEAR(sums[m].landing, expected[m].landing, 1e-14);
    }
  }
}

TEST("infomap: flow is conserved") {
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const List list = random_network(random, 5 + random.below(40), 20 + random.below(200));
    for (bool directed : {false, true}) {
      for (const WalkOptions& options : walk_options(directed)) {
        const Flow flow = flow_of(list, directed, options);
        double visits = 0, steps = 0, landing = 0;
        for (double p : flow.node_flow) visits += p;
        CHECK_NEAR(visits, 1, 1e-12);
        for (double teleported : flow.teleported) steps += teleported;
        for (double share : flow.landing) landing += share;
        CHECK_NEAR(landing, flow.recorded() ? 1 : 0, 1e-12);
        std::vector<double> arrivals(flow.nodes);
        for (uint32_t u = 0; u < flow.nodes && flow.recorded(); ++u) arrivals[u] = steps * flow.landing[u];
        for (uint32_t u = 0; u < flow.nodes; ++u) {
          for (std::size_t l = flow.offsets[u]; l < flow.offsets[u + 1]; ++l) {
            const double step = flow.link_flow[l] / options.markov_time;
            steps += (!directed && flow.targets[l] != u ? 2 : 1) * step;
            arrivals[flow.targets[l]] += step;
            if (!directed && flow.targets[l] != u) arrivals[u] += step;
          }
        }
        // Steps along links happen markov_time times, teleportation does not.
        CHECK_NEAR(steps, 1, 1e-12);
        for (uint32_t u = 0; u < flow.nodes; ++u) CHECK_NEAR(arrivals[u], flow.node_flow[u], 1e-12);
      }
    }
  }
}

TEST("infomap: modules that are not inside those above are named; one alone inside another is described once") {
  const Flow flow = flow_of(two_triangles(), false);
  Hierarchy hierarchy;
  const Status status = make_hierarchy(flow, {{0, 0, 0, 1, 1, 1}, {0, 0, 1, 1, 2, 2}}, hierarchy);
  CHECK(status.code == "INVALID_ARGUMENT");
  CHECK(status.message.find("the module of node 3 lies in two") != std::string::npos);
  const Codelength two = evaluated(flow, {{0, 0, 0, 1, 1, 1}}, 0);
  const Codelength again = evaluated(flow, {{0, 0, 0, 1, 1, 1}, {0, 0, 0, 1, 1, 1}}, 0);
  CHECK(again.total == two.total);
  CHECK(again.by_level[2] == 0);
  CHECK_NEAR(evaluated(flow, {{0, 0, 0, 0, 0, 0}}, 0).total, two.one_level, 1e-15);
}
