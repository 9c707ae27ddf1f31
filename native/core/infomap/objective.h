// What the search (optimizer.h, multilevel.h, local_moves.h) needs of an objective: all it uses, and nothing else. An
// objective gives partitions of units (nodes, or modules of a finer partition) a length in bits; the search makes it
// small. Those that exist are in objectives.h.
//
// T::Unit is what the objective must know of a set of nodes:
//   Unit{}, unit.flow        no nodes; the rate at which the set is visited
//   unit.joined(other, s)    both sets together, s being the flow between them in both directions
//
// An objective that has not been started stands for the network:
//   T::units(flow, graph)    the nodes, each a unit by itself
//   within(units, exit)      the objective for partitions of these units: of the whole network, or of the inside of a
//                            module that is left at rate `exit`
//   part(share)              the objective for a part of the network that holds this share of its flow, the rest unseen
//   enter(unit), exit(unit)  the rates at which the set is entered and left
//   undivided()              the length with no modules: one codebook for all units
//   word()                   bits for each code word, of nodes and modules alike, whatever their rates
//   preference(count)        bits besides the codelength for having `count` modules at the top
//   preferred()              the number of modules for which that is least; 0: it is always 0
//   of_any_number()          the same without that preference
//
// start(modules, count) gives it the modules: at first these, then empty ones up to `count`. Then it is a state that
// moves change. A unit moves from one module to another in three steps, so that what is the same for all candidates is
// computed once:
//   leave(unit, from, s)               takes it out of `from`, to whose other units it has flow s: a T::Departure
//   delta(unit, departure, to, s)      the change of the length if it joins `to`, to which it has flow s
//   move(unit, from, s_from, to, s_to) carries the move out
//   unit(module), total()              a module as it is now; the length
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "infomap/flow_graph.h"

namespace infomotion::infomap {
namespace objective_detail {

template <class T, class Expected>
using Returns = std::enable_if_t<std::is_same_v<T, Expected>>;

template <class Unit>
using UnitContract =
    std::void_t<Returns<decltype(Unit{}.flow), double>,
                Returns<decltype(std::declval<const Unit&>().joined(std::declval<const Unit&>(), double{})), Unit>>;

template <class T, class Unit, class Departure, class Units = std::vector<Unit>>
using Contract = std::void_t<
    UnitContract<Unit>,
    // of the network
    Returns<decltype(T::units(std::declval<const Flow&>(), std::declval<const FlowGraph&>())), Units>,
    Returns<decltype(std::declval<const T&>().within(std::declval<const Units&>())), T>,
    Returns<decltype(std::declval<const T&>().within(std::declval<const Units&>(), std::optional<double>())), T>,
    Returns<decltype(std::declval<const T&>().part(double{})), T>,
    Returns<decltype(std::declval<const T&>().enter(std::declval<const Unit&>())), double>,
    Returns<decltype(std::declval<const T&>().exit(std::declval<const Unit&>())), double>,
    Returns<decltype(std::declval<const T&>().undivided()), double>,
    Returns<decltype(std::declval<const T&>().word()), double>,
    Returns<decltype(std::declval<const T&>().preference(uint32_t{})), double>,
    Returns<decltype(std::declval<const T&>().preferred()), uint32_t>,
    Returns<decltype(std::declval<const T&>().of_any_number()), T>,
    // of its modules
    Returns<decltype(std::declval<T&>().start(std::declval<const Units&>())), void>,
    Returns<decltype(std::declval<T&>().start(std::declval<const Units&>(), std::size_t{})), void>,
    Returns<std::decay_t<decltype(std::declval<const T&>().unit(uint32_t{}))>, Unit>,
    Returns<decltype(std::declval<const T&>().leave(std::declval<const Unit&>(), uint32_t{}, double{})), Departure>,
    Returns<decltype(std::declval<const T&>().delta(std::declval<const Unit&>(), std::declval<const Departure&>(),
                                                    uint32_t{}, double{})),
            double>,
    Returns<decltype(std::declval<T&>().move(std::declval<const Unit&>(), uint32_t{}, double{}, uint32_t{}, double{})),
            void>,
    Returns<decltype(std::declval<const T&>().total()), double>>;

}  // namespace objective_detail

// Whether T is an objective of the search.
template <class T, class = void>
struct is_map_equation : std::false_type {};
template <class T>
struct is_map_equation<T, objective_detail::Contract<T, typename T::Unit, typename T::Departure>>
    : std::bool_constant<std::is_copy_constructible_v<T> && std::is_copy_assignable_v<T>> {};
template <class T>
constexpr bool is_map_equation_v = is_map_equation<T>::value;

// The modules 0 .. count - 1 of a partition as units.
template <class Unit>
std::vector<Unit> sum_units(const FlowGraph& graph, const std::vector<Unit>& units,
                            const std::vector<uint32_t>& modules, uint32_t count) {
  std::vector<Unit> result(count);
  std::vector<double> inside(count);
  for (uint32_t u = 0; u < graph.nodes; ++u) {
    const uint32_t m = modules[u];
    result[m] = result[m].joined(units[u], 0);
    for (std::size_t i = graph.offsets[u]; i < graph.offsets[u + 1]; ++i)
      if (modules[graph.neighbours[i]] == m) inside[m] += graph.flow[i];
  }
  // Each link inside a module has been met from both of its ends.
  for (uint32_t m = 0; m < count; ++m) result[m] = result[m].joined(Unit{}, inside[m] / 2);
  return result;
}

}  // namespace infomotion::infomap
