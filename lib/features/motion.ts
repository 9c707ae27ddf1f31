import { normaliseBlocks, normaliseRows } from '../matrix/blocks.js'
import { type Matrix, sideBySide } from '../matrix/matrix.js'
import { expectOneOf, invalid } from '../runtime/expect.js'
import { type DescriptorBlock, type DescriptorLayout, descriptorLayout } from './descriptor.js'

/** What may be made of the motion as measured: see {@link describeMotion}. */
export type DescriptorForm = 'relative' | 'relative+thirds' | 'absolute' | 'absolute+thirds' | 'both' | 'both+thirds'
/** All of them, the plain one first. */
export const DESCRIPTORS: readonly DescriptorForm[] = [
  'relative',
  'relative+thirds',
  'absolute',
  'absolute+thirds',
  'both',
  'both+thirds',
]

/**
 * Where a logarithm begins: well below what moves, so that of motion its order of magnitude counts, and above what flow
 * finds in still frames. In the unit of each block: 1/s, 1/s, px/s, px/s, frame widths (heights, relative areas).
 */
const FLOOR = { divergence: 0.01, curl: 0.01, magnitude: 0.1, direction: 0.1, excursion: 1e-3 } as const

/** The quantities of which `thirds` holds means, one after the other for each third, and their values a cell. */
const OF_THIRDS = { divergence: 1, curl: 1, magnitude: 1, direction: 8 } as const
const VALUES_OF_THIRDS = Object.values(OF_THIRDS).reduce((sum, values) => sum + values, 0)

/**
 * The motion descriptor as graphs and students see it, made of it as measured, row by row:
 *
 * - `relative`: each block at length 1 (L2), and the row too: how a clip moves, whatever the size of it, and whatever the
 *   machine's gain and the frame's size are; 400 numbers
 * - `absolute`: the logarithm of what was measured, excursion first: how far it moves; 400 numbers. Signs are kept and 0
 *   stays 0, by the inverse hyperbolic sine, which is a logarithm above the block's floor f: sign(x) ln(2 |x| / f) for
 *   |x| >> f, x / f below. It pays where TRAIN and TEST are recorded alike
 * - `both`: side by side; 800
 *
 * each with `+thirds`: the means over the thirds of the clip as one more block (of each), for what comes first and what
 * last; 528 numbers more.
 *
 * @param motion - as `describeClip` measures it, one row a clip
 * @param layout - what stands where in it. Default: that of the default options
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * const { frames, width, height, fps } = await readClip('Videos/0X1A.avi')
 * const { motion } = await describeClip(frames, { width, height, fps })
 * const { values } = describeMotion({ rows: 1, dim: motion.length, values: motion }, 'absolute') // 400 numbers
 * ```
 */
export function describeMotion(
  motion: Matrix,
  form: DescriptorForm,
  layout: Pick<DescriptorLayout, 'dim' | 'blocks'> = descriptorLayout(),
): Matrix {
  expectOneOf(form, 'form', DESCRIPTORS)
  if (motion.dim !== layout.dim) throw invalid(`rows of ${layout.dim} values`, 'motion.dim', motion.dim)
  const thirds = form.endsWith('+thirds')
  const blocks = layout.blocks.filter(({ name }) => thirds || name !== 'thirds')
  const parts = [
    ...(form.startsWith('absolute') ? [] : [relative(motion, blocks)]),
    ...(form.startsWith('relative') ? [] : [absolute(motion, blocks)]),
  ]
  return sideBySide(
    parts,
    parts.map(() => 1),
  )
}

function relative(motion: Matrix, blocks: readonly DescriptorBlock[]): Matrix {
  const kept = gather(motion, blocks, (value) => value)
  let dim = 0
  const layout = blocks.map((block) => {
    const offset = dim
    dim += block.length
    return { ...block, offset }
  })
  return normaliseRows(normaliseBlocks(kept, { dim, blocks: layout }))
}

function absolute(motion: Matrix, blocks: readonly DescriptorBlock[]): Matrix {
  const first = (name: DescriptorBlock['name']) => (name === 'excursion' ? 0 : 1)
  const ordered = [...blocks].sort((a, b) => first(a.name) - first(b.name))
  return gather(motion, ordered, (value, floor) => Math.asinh(value / floor))
}

/** The blocks one after the other, each value with its block's floor. */
function gather(
  { rows, dim, values }: Matrix,
  blocks: readonly DescriptorBlock[],
  change: (value: number, floor: number) => number,
): Matrix {
  const length = blocks.reduce((sum, block) => sum + block.length, 0)
  const floors = blocks.flatMap(floorsOf)
  const from = blocks.flatMap((block) => Array.from({ length: block.length }, (_, i) => block.offset + i))
  const gathered = new Float32Array(rows * length)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < length; i++) gathered[row * length + i] = change(values[row * dim + from[i]], floors[i])
  return { rows, dim: length, values: gathered }
}

function floorsOf({ name, length }: DescriptorBlock): number[] {
  if (name !== 'thirds') return Array(length).fill(FLOOR[name])
  const cells = length / 3 / VALUES_OF_THIRDS
  const third = Object.entries(OF_THIRDS).flatMap(([name, values]) =>
    Array(cells * values).fill(FLOOR[name as keyof typeof OF_THIRDS]),
  )
  return [...third, ...third, ...third]
}
