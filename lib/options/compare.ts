import { integer, list, oneOf } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'
import { REFINED_SELECTORS, SELECTORS } from '../select/index.js'
import { STUDENTS } from '../train/names.js'
import { command } from './command.js'
import { DATASET } from './common.js'
import { CALL, COMPOSING, folders, GROUPS, METHOD, READ, RUN, SELECT, STUDENT, STUDENT_HELP } from './method.js'

/** Names of selectors; twice as many as are worth listing. */
const selectors = {
  ...list(oneOf(REFINED_SELECTORS)),
  range: `a list, each ${SELECTORS.join(', ')}, also with +swap`,
  choices: `${SELECTORS.join(', ')}, also with +swap`,
}

/** What `compare` can be told. */
export const COMPARE = {
  ...METHOD,
  /** Selectors by name, each also with `+swap`. Random selection is always there: it is what the others must beat. */
  selectors: option(selectors, {
    default: ['infomap', 'infomap+swap', 'kmedoids', 'graph-coverage', 'random+swap'],
    group: SELECT,
    help: 'how clips are chosen; random is always compared with',
  }),
  ...COMPOSING,
  /** Budgets: videos per class. */
  vpc: option(list(integer(1)), {
    default: [1, 2, 5, 10],
    short: 'n',
    group: CALL,
    help: 'videos per class, one budget or more',
  }),
  /** Seeds, counted from `seed`: of the split where the data set has none of its own, of searches, draws and students. */
  seeds: option(integer(1, 1000), {
    default: 5,
    group: RUN,
    help: 'seeds, counted from --seed; each draws another split where the data set has none',
  }),
  students: option(list(oneOf(STUDENTS)), {
    default: ['linear'],
    long: 'student',
    group: STUDENT,
    help: `what is trained on a selection ${STUDENT_HELP}`,
  }),
  ...folders('comparison.json and comparison.html'),
  ...READ,
} satisfies Options

export const compareCommand = command({
  name: 'compare',
  help: 'compare selectors over budgets, seeds and students: one table with intervals, beside random selection',
  operands: [DATASET],
  options: COMPARE,
  groups: GROUPS,
})
