import { STAGES } from '../distill/stages.js'
import { flag, integer, oneOf } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'
import { SELECTORS } from '../select/index.js'
import { STUDENTS } from '../train/names.js'
import { command } from './command.js'
import { DATASET } from './common.js'
import { CALL, COMPOSING, folders, GROUPS, METHOD, READ, RUN, SELECT, STUDENT, STUDENT_HELP } from './method.js'

/** What `distill` can be told. */
export const DISTILL = {
  ...METHOD,
  until: option(oneOf(STAGES), { default: 'report', group: RUN, help: 'stop after a stage' }),
  selector: option(oneOf(SELECTORS), { default: 'infomap', group: SELECT, help: 'how clips are chosen' }),
  /** `swap`: the selection is refined by swap search on the training loss of a small student. */
  refine: option(oneOf(['none', 'swap'] as const), {
    default: 'none',
    group: SELECT,
    help: 'swap: exchange clips while that lowers the TRAIN loss of a small student',
  }),
  ...COMPOSING,
  student: option(oneOf(STUDENTS), {
    default: 'linear',
    group: STUDENT,
    help: `what is trained on the distilled set ${STUDENT_HELP}`,
  }),
  /** Selected clips: a copy, a link, or (list) their names only. */
  materialize: option(oneOf(['copy', 'link', 'list'] as const), {
    default: 'copy',
    group: RUN,
    help: 'how selected clips are written (list: a table only)',
  }),
  /** Fail where a clip cannot be decoded, is damaged or there twice, or a class has fewer clips than asked for. */
  strict: option(flag(), {
    default: false,
    group: RUN,
    help: 'fail where a clip cannot be decoded, is damaged or there twice, or a class has fewer clips than asked for',
  }),
  /** Videos per class. */
  vpc: option(integer(1), { required: true, short: 'n', group: CALL, help: 'videos per class' }),
  ...folders('the distilled set, manifest.json and the report'),
  ...READ,
} satisfies Options

export const distillCommand = command({
  name: 'distill',
  help: 'distil a labelled video folder to N weighted clips a class, train a student on them, and report',
  operands: [DATASET],
  options: DISTILL,
  groups: GROUPS,
})
