// Faults that a person could make in native/core/infomap, one of each kind: a file, a text that it holds exactly once, and
// what stands there instead.
export const MUTANTS = [
  // the objective
  mutant('map_equation.h', 'index_.enter() + rest.enter() - module.enter()}', 'index_.enter() - module.enter()}'),
  mutant('map_equation.h', 'departure.term + grown.term - module.term +', 'departure.term + grown.term +'),
  mutant('map_equation.h', 'index_.clear();', ''),
  mutant('map_equation.h', 's_to));\n    index_.settle();', 's_to));'),
  mutant(
    'map_equation.h',
    'index_.add(modules_[m].enter() - before);',
    'index_.add(modules_[m].enter() + 0 * before);',
  ),
  mutant('map_equation.h', 'objective.index_ = index_.part(share);', 'static_cast<void>(share);'),
  mutant('link_rates.h', 'enter + other.enter - s,', 'enter + other.enter,'),
  mutant('link_rates.h', 'exit - part.exit + s}', 'exit - part.exit - s}'),
  mutant('link_rates.h', 'if (flow.targets[i] == u) continue;', ''),
  mutant('link_rates.h', 'units[u].exit += graph.flow[i] / 2;', 'units[u].exit += graph.flow[i];'),
  mutant('link_rates.h', '2 * plogp(m.exit)', 'plogp(m.exit)'),
  mutant('recorded_rates.h', 'std::max(0.0, teleported_ - m.teleported)', 'teleported_'),
  mutant('recorded_rates.h', 'std::max(0.0, 1 - m.landing)', '1.0'),
  mutant('index_codebook.h', '-plogp(index.outer_exit_)', 'plogp(index.outer_exit_)'),
  mutant('index_codebook.h', '(x < 0.0078125 &&', '(x < 0.5 &&'),
  mutant('index_codebook.h', '(-1.0 / 6 +', '(1.0 / 6 +'),
  mutant('index_codebook.h', 'plogp(outer_exit_ + flow_)', 'plogp(flow_)'),
  mutant('counted.h', '(count > 1 || inside_ ? count : 0.0)', '(inside_ ? count : 0.0)'),
  mutant('counted.h', 'visited_[from] == unit.visited)}', 'visited_[from] != unit.visited)}'),
  mutant('counted.h', '- costs_.preferred;\n', '- costs_.preferred / 2;\n'),
  // the search
  mutant('local_moves.h', 'if (--size_[from] == 0) empty_.push_back(from);', '--size_[from];'),
  mutant('local_moves.h', 'if (size_[from] > 1) found[count++] = empty_.back();', ''),
  mutant('local_moves.h', 'queued_[v] == 0 && modules[v] != best', 'false'),
  mutant('local_moves.h', 'kMinMoveGain = 1e-12', 'kMinMoveGain = 1e-3'),
  mutant('local_moves.h', '.to != modules[u];', '.to == modules[u];'),
  mutant('local_moves.h', 'flow_to[m] = keep ? flow_to[m] : 0;', ''),
  mutant('optimizer.cc', 'if (current_.total() < best - kMinMoveGain)', 'if (false)'),
  mutant('optimizer.cc', 'result[order_[k]] = modules[k];', 'result[k] = modules[k];'),
  mutant('optimizer.cc', 'level.parents[u] += to;', 'level.parents[u] += 0;'),
  mutant('optimizer.cc', '!first && gain <', 'gain <'),
  mutant('multilevel.cc', 'found.count <= 1 || found.total >= tree.bits - kMinTreeGain', 'found.count <= 1'),
  mutant('multilevel.cc', 'for (const Module& child : tree.children) tree.bits += child.bits;', ''),
  mutant('multilevel.cc', 'exit ? 0 : objective_.preference(visited(tree))', '0'),
  mutant('multilevel.cc', 'change + preference >= -kMinTreeGain', 'change <= 0 || preference <= 0'),
  mutant('multilevel.cc', '!exit && visited(tree) <= 1;', '!exit && visited(tree) < 1;'),
  mutant('multilevel.cc', 'if (gain > kMinTreeGain) best', 'best'),
  mutant('multilevel.cc', 'if (one >= found.total - kMinTreeGain) return found;', 'return found;'),
  mutant('infomap.cc', 'rounded(nested.codelength + nested.preference)', 'rounded(nested.codelength)'),
  mutant(
    'infomap.cc',
    'rounded(module_flow[a]) > rounded(module_flow[b])',
    'rounded(module_flow[a]) < rounded(module_flow[b])',
  ),
  // flow and links
  mutant('flow.cc', 'rates[u] / (1 - dangling)', 'rates[u]'),
  mutant('flow.cc', '(flow.targets[i] == u ? 1 : 2) *', '2 *'),
  mutant('flow.cc', 'if (in_links[u] == 0) landing[u] = least;', 'static_cast<void>(least);'),
  mutant('flow_graph.cc', 'flow_.directed ? 1 : 2;', '1;'),
  mutant('visit_rates.cc', 'kPrecision = 1e-13', 'kPrecision = 1e-7'),
  mutant('links.cc', '1e-9 * std::max(there, back)', '0.9 * std::max(there, back)'),
  // the codelength that the rest is checked against
  mutant('evaluate.cc', 'one_top && book.level == 1', 'false'),
  mutant('evaluate.cc', 'if (l > 0 && siblings[parent(m)] == 1) continue;', ''),
]

function mutant(file, from, to) {
  return { file, from, to }
}
