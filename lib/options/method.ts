import { DATA, READING } from '../dataset/options.js'
import { DESCRIPTORS } from '../features/index.js'
import { DEVICES } from '../runtime/device.js'
import { autoOr, flag, integer, number, oneOf, orAuto, text } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'
import { SWAP_LOSSES, weightRule } from '../select/index.js'
import { SIDES, STRETCHES } from '../synthesize/index.js'
import { DECODING } from '../video/index.js'

/** The headings of the options, in the order of `--help`. */
export const CALL = 'What and where'
export const SELECT = 'Graphs and selection'
const SYNTHESIS = 'Synthesis'
export const STUDENT = 'Students'
const FEATURES = 'Features'
export const RUN = 'The run'

export const GROUPS = [CALL, DATA, FEATURES, SELECT, SYNTHESIS, STUDENT, RUN]

/** What `distill` and `compare` tell `readDataSet`, but for its seed, which is the run's, and `strict`, which is distill's. */
export const { seed: SPLIT_SEED, strict: _, ...READ } = READING

/** What the students see. */
export const STUDENT_HELP = '(linear sees the features, the others grey levels and flow)'

/** What `distill` and `compare` can be told of the method. A new option of both is a line here. */
export const METHOD = {
  seed: {
    ...SPLIT_SEED,
    group: RUN,
    help: 'seed of the split, the search, the draws, the bootstrap and the students',
  },
  neighbours: option(integer(1, 1e6), { default: 10, group: SELECT, help: 'nearest neighbours in the class graphs' }),
  trials: option(integer(1, 1e6), { default: 10, group: SELECT, help: 'trials of the map-equation search' }),
  /** Principal components of the features (of TRAIN) that graphs and selection see. */
  components: option(integer(1, 1e6), {
    default: 32,
    group: SELECT,
    help: 'principal components that graphs and selection see',
  }),
  randomDraws: option(integer(1, 1e5), {
    absent: '10; for CNN students 3',
    group: RUN,
    help: 'random selections to compare with',
  }),
  backend: { ...DECODING.backend, group: FEATURES },
  /** Frames a second of clips that name no rate themselves: folders of pictures, `.npy`, NIfTI without time. */
  fps: { ...DECODING.fps, group: FEATURES },
  /** `sector`: what lies outside the ultrasound sector (text, ECG trace, borders) is set to 0. */
  mask: { ...DECODING.mask, group: FEATURES },
  /** `region`: of a DICOM, the region of the 2-D image that the file names (UltrasoundRegions), where it names one. */
  crop: { ...DECODING.crop, group: FEATURES },
  /** Where flow and neighbours are computed: on a GPU where one can be used, on the CPU, on a GPU or not at all. */
  device: option(oneOf(DEVICES), {
    default: 'auto',
    group: FEATURES,
    help: 'where flow and neighbours are computed (auto: a GPU if there is one)',
  }),
  encoder: option(text('name', 'the name of a model, the path of an ONNX file, or none'), {
    default: 'none',
    group: FEATURES,
    help: 'temporal CNN whose embedding stands beside the descriptor, out of models/zoo.json or a file',
  }),
  embeddings: option(text('file', 'a file'), {
    group: FEATURES,
    absent: 'none',
    help: "embeddings of your own in an encoder's place: .npy, CSV or Parquet",
  }),
  embeddingIds: option(text('file', 'a file'), {
    group: FEATURES,
    absent: "the embeddings' own, or row by row",
    help: 'what each row of the embeddings belongs to: a text with one id a line, or a CSV with a column of them',
  }),
  descriptor: option(oneOf(['auto', ...DESCRIPTORS] as const), {
    default: 'auto',
    group: FEATURES,
    help: 'how a clip moves (relative), how far (absolute), or both; and in each third of it (auto: by cross-validation on TRAIN)',
  }),
  descriptorWeight: option(number(0, 1e6), {
    default: 1,
    group: FEATURES,
    help: 'weight of the descriptor in graphs and selection; 0 leaves it out, for students too',
  }),
  embeddingWeight: option(number(0, 1e6), {
    default: 1,
    group: FEATURES,
    help: 'weight of the embedding there',
  }),
  /** A data set of its own, of generated clips say, that distilled clips are chosen from in the place of TRAIN's. */
  pool: option(text('path', 'a data set'), {
    group: SELECT,
    absent: 'TRAIN',
    help: 'choose from the clips of another data set (generated ones); TRAIN scales, guides swaps and is the teacher',
  }),
  poolParentColumn: option(text('name', 'the name of a column'), {
    group: SELECT,
    absent: 'parent, or what others call it',
    help: "column of the pool's table that names the clip each was made from: whose parent is in VAL or TEST leaves",
  }),
  /** Pool clips that are nearer to a TRAIN clip than TRAIN clips are to each other. */
  poolCopies: option(oneOf(['keep', 'drop', 'refuse'] as const), {
    default: 'keep',
    group: SELECT,
    help: 'pool clips that are copies of TRAIN clips, or nearly: keep and count, drop, or refuse the pool',
  }),
  swapLoss: option(oneOf(SWAP_LOSSES), {
    default: 'squared',
    group: SELECT,
    help: 'loss of the small student whose error on TRAIN +swap lowers',
  }),
  weights: option(weightRule(), { default: 'voronoi', group: SELECT, help: 'sample weights of the selected clips' }),
  /** Share of a teacher's predictions in the targets that students learn, 0 to 1; `auto`: half or none. */
  teacher: option(orAuto(number(0, 1)), {
    default: 'auto',
    group: STUDENT,
    help: "share of a teacher's predictions (linear student of all TRAIN clips) in the targets (auto: half or none, by cross-validation on TRAIN)",
  }),
  steps: option(integer(1, 1e8), {
    absent: 'until the loss on what it learns from settles: 240 to 960, or 20 passes where that is more',
    group: STUDENT,
    help: 'training steps of a CNN student',
  }),
  /** What a CNN student sees of the clips: `auto` is flow, or with many clips what cross-validation on TRAIN likes better. */
  channels: option(oneOf(['auto', 'flow', 'both', 'grey'] as const), {
    default: 'auto',
    group: STUDENT,
    help: 'what a CNN student sees: flow, grey levels, or both (auto: flow; from 200 TRAIN clips on by cross-validation there)',
  }),
  /** Whether a CNN student is shown mirrored clips too: for data where left and right make no class. */
  mirror: option(flag(), {
    default: false,
    group: STUDENT,
    help: 'show a CNN student clips mirrored too, left and right',
  }),
} satisfies Options

/** What videos of a distilled set hold. */
export const COMPOSING = {
  /** `none`: the selected clips as they are; `compose`: videos of their size and length that hold several of them. */
  synthesize: option(oneOf(['compose', 'none'] as const), {
    default: 'compose',
    group: SYNTHESIS,
    help: 'compose: each video holds several selected clips, made smaller or shorter; none: each is one, as it is',
  }),
  tiles: option(autoOr(SIDES), {
    default: 'auto',
    group: SYNTHESIS,
    help: 'tiles on a side of a composed video: 2 for 2 x 2 (auto: by cross-validation on TRAIN)',
  }),
  stretches: option(autoOr(STRETCHES), {
    default: 'auto',
    group: SYNTHESIS,
    help: 'stretches of time after one another in a composed video, each with tiles of its own (auto: likewise)',
  }),
} satisfies Options

/** Where `distill` and `compare` write. */
export const folders = (holds: string) =>
  ({
    out: option(text('dir', 'a folder'), { required: true, short: 'o', group: CALL, help: `folder of ${holds}` }),
    cache: option(text('dir', 'a folder'), {
      absent: 'cache, in the folder of the results',
      group: RUN,
      help: 'folder of what is computed once, to share between runs',
    }),
  }) satisfies Options
