// Visit rates against the walk itself, followed for as long as it takes, in long double.
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "infomap/component_rates.h"
#include "infomap/visit_rates.h"
#include "infomap_networks.h"

using namespace networks;

namespace {

// Rings of three, or of all nodes in any order: what over-relaxation does not converge on.
List rings(Random& random, uint32_t nodes, uint32_t size, double stray) {
  List list;
  list.nodes = nodes;
  std::vector<uint32_t> order(nodes);
  std::iota(order.begin(), order.end(), 0);
  for (uint32_t i = nodes; i-- > 1;) std::swap(order[i], order[random.below(i + 1)]);
  for (uint32_t i = 0; i < nodes; ++i) {
    const uint32_t next = (i + 1) % size == 0 || i + 1 == nodes ? i - i % size : i + 1;
    list.add(order[i], order[next]);
    if (stray > 0) list.add(order[i], random.below(nodes), stray);
  }
  return list;
}

struct Walk {
  Flow flow;
  std::vector<double> steps;
  Teleportation teleportation;

  // Teleports at `rate` of the steps, to any of some nodes; at up to 1 if `various`.
  Walk(const List& list, double rate, bool various, Random& random) {
    Links links;
    CHECK(make_links(list.view(), true, links).ok());
    flow.nodes = links.nodes;
    flow.directed = true;
    flow.offsets = links.offsets;
    flow.targets = links.targets;
    steps = links.weights;
    double landing = 0;
    for (uint32_t u = 0; u < flow.nodes; ++u) {
      double out = 0;
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) out += steps[i];
      for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i) steps[i] /= out;
      teleportation.rate.push_back(out == 0 ? 1 : various ? rate + (1 - rate) * random.uniform() : rate);
      teleportation.landing.push_back(u % 3 == 0 ? random.uniform() : 0);
      landing += teleportation.landing[u];
    }
    for (double& share : teleportation.landing) share /= landing;
  }

  std::vector<double> rates() const {
    std::vector<double> rates;
    CHECK(visit_rates(flow, steps, teleportation, kNever, rates).ok());
    return rates;
  }

  std::vector<long double> after(int count) const {
    const std::vector<double>&rate = teleportation.rate, &landing = teleportation.landing;
    std::vector<long double> rates(landing.begin(), landing.end()), next(flow.nodes);
    for (int step = 0; step < count; ++step) {
      long double teleporting = 0, total = 0;
      for (uint32_t u = 0; u < flow.nodes; ++u) teleporting += rate[u] * rates[u];
      for (uint32_t u = 0; u < flow.nodes; ++u) next[u] = teleporting * landing[u];
      for (uint32_t u = 0; u < flow.nodes; ++u)
        for (std::size_t i = flow.offsets[u]; i < flow.offsets[u + 1]; ++i)
          next[flow.targets[i]] += (1 - rate[u]) * steps[i] * rates[u];
      for (const long double q : next) total += q;
      for (uint32_t u = 0; u < flow.nodes; ++u) rates[u] = next[u] / total;
    }
    return rates;
  }
};

double apart(const std::vector<double>& a, const std::vector<long double>& b) {
  long double sum = 0;
  for (std::size_t u = 0; u < a.size(); ++u) sum += std::fabs(a[u] - b[u]);
  return static_cast<double>(sum);
}

}  // namespace

TEST("infomap flow: visit rates are those of the walk to 1e-12, whatever the network and teleportation") {
  Random random(21);
  for (int round = 0; round < 4; ++round) {
    const uint32_t nodes = 30 + random.below(300);
    std::vector<List> lists{random_network(random, nodes, 4 * nodes), random_network(random, nodes, nodes),
                            rings(random, nodes, 3, 0.01), rings(random, nodes, nodes, 0),
                            rings(random, nodes, 2, 0.1)};
    lists.push_back(ring_of_cliques(20));
    for (uint32_t u = 0; u < 100; ++u) lists.back().add(u, u, 40);  // self-links above all
    for (const List& list : lists) {
      for (const double rate : {0.005, 0.01, 0.05, 0.15, 0.6, 1.0}) {
        for (const bool various : {false, true}) {
          const Walk walk(list, rate, various, random);
          const std::vector<double> rates = walk.rates();
          const int enough = rate == 1 ? 2 : 2 + static_cast<int>(-40 / std::log1p(-rate));
          const std::vector<long double> exact = walk.after(enough);
          const double error = apart(rates, exact);
          if (!(error < 1e-12)) test::fail(__FILE__, __LINE__, "off by " + std::to_string(1e12 * error) + "e-12");
          for (uint32_t u = 0; u < list.nodes; ++u) {
            CHECK(rates[u] >= 0);
            CHECK((rates[u] > 0) == (exact[u] > 0));
          }
        }
      }
    }
  }
}

TEST(
    "infomap flow: where teleportation is rarer still, what the walk comes to, round and round, slowly, or in the "
    "end") {
  Random random(22);
  const Walk periodic(rings(random, 90, 3, 0), 0, false, random);
  const std::vector<double> rates = periodic.rates();
  double off = 0;
  for (uint32_t u = 0; u < 90; ++u) {  // a ring of three keeps what lands on it
    double ring = 0;
    for (uint32_t v = u, step = 0; step < 3; ++step, v = periodic.flow.targets[periodic.flow.offsets[v]])
      ring += periodic.teleportation.landing[v];
    off += std::fabs(rates[u] - ring / 3);
  }
  CHECK(off < 1e-14);
  const Walk restless(rings(random, 90, 9, 0.02), 0.002, false, random);
  CHECK(apart(restless.rates(), restless.after(40000)) < 1e-12);
  const Walk resting(random_network(random, 200, 3000), 0, false, random);
  CHECK(apart(resting.rates(), resting.after(2000)) < 1e-12);
}

TEST("infomap flow: elimination and passes agree; where neither gets there in time, that is said") {
  Random random(26);
  for (const double rate : {0.0, 1e-5, 0.004}) {
    for (const List& list :
         {rings(random, 300, 10, 0.1), random_network(random, 400, 3000), rings(random, 60, 60, 0)}) {
      const Walk walk(list, rate, false, random);
      const auto solved = [&](const Effort& effort, std::vector<double>& rates) {
        const std::string code = component_rates(walk.flow, walk.steps, walk.teleportation, kNever, rates, effort).code;
        double sum = 0;
        for (const double visits : rates) sum += visits;
        for (double& visits : rates) visits /= sum;
        return code;
      };
      std::vector<double> eliminated, passed, neither;
      CHECK(solved({1e9, 0, 0, 0}, eliminated).empty());
      CHECK(solved({0, 0, 20000, 0}, passed).empty());
      double off = 0;
      for (uint32_t u = 0; u < list.nodes; ++u) off += std::fabs(eliminated[u] - passed[u]);
      CHECK(off < 1e-11);
      CHECK(solved({0, 0, 3, 2}, neither) == "FLOW_NOT_CONVERGED");
    }
  }
}

TEST("infomap flow: a prior's links lead to nodes without in-links as to the node with the lightest ones") {
  List list;
  list.nodes = 3;
  list.add(0, 1, 2);
  list.add(1, 2, 6);
  list.add(2, 1, 4);
  WalkOptions options;
  options.regularization = 1;
  const Flow flow = flow_of(list, true, options);
  // The mean in-weights are none, 3 and 6.
  CHECK_NEAR(flow.landing[0], 3.0 / 12, 1e-15);
  CHECK_NEAR(flow.landing[1], 3.0 / 12, 1e-15);
  CHECK_NEAR(flow.landing[2], 6.0 / 12, 1e-15);
}

TEST("infomap flow: cancelled") {
  Random random(23);
  Cancel cancel;
  cancel.request();
  std::vector<double> rates;
  for (const double rate : {0.0, 0.15}) {
    const Walk walk(random_network(random, 100, 300), rate, false, random);
    CHECK(visit_rates(walk.flow, walk.steps, walk.teleportation, cancel, rates).code == "ABORTED");
  }
}
