import { extname } from 'node:path'
import { decodeNpy, encodeNpy } from '../run/npy.js'
import { readWhole, writeWhole } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import { expectInteger, invalid } from '../runtime/expect.js'
import type { Flow } from './farneback.js'
import { decodeFlo, encodeFlo, expectField, type FlowField } from './flo.js'
import { decodeKitti, encodeKitti } from './kitti.js'

/** Reads what stands in a file of this ending. */
const READERS: Record<string, (bytes: Uint8Array, path: string) => Flow> = {
  '.flo': (bytes, path) => ({ ...decodeFlo(bytes, path), pairs: 1 }),
  '.png': (bytes, path) => ({ ...decodeKitti(bytes, path), pairs: 1 }),
  '.npy': readNpy,
}

const UNREADABLE = { '.flo': 'FLO_UNREADABLE', '.png': 'KITTI_UNREADABLE', '.npy': 'NPY_UNREADABLE' } as const

/**
 * Reads flow from a file, its format told by the name's ending: `.flo` (Middlebury), `.png` (KITTI, 16 bits) or `.npy`
 * (float32, [height, width, 2] or, for a clip, [pairs, height, width, 2]). Where a `.flo` or `.png` file does not know
 * the flow, both values are above 1e9.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `FLO_UNREADABLE`, `KITTI_UNREADABLE`, `NPY_UNREADABLE`, or the system's
 *   code (`ENOENT`, ...)
 * @example
 * ```js
 * import { readFlow, writeFlow } from 'infomotion/flow'
 *
 * await writeFlow('flow.flo', { flow: new Float32Array(2 * 4 * 3), width: 4, height: 3 })
 * const { flow, pairs, width, height } = await readFlow('flow.flo') // pairs: 1
 * ```
 */
export async function readFlow(path: string): Promise<Flow> {
  const ending = expectEnding(path)
  const bytes = await readWhole(path).catch((error) => {
    const { code, message } = asInfomotionError(error)
    const unreadable = code === 'EINVAL' || code === 'ERR_FS_FILE_TOO_LARGE'
    throw new InfomotionError(unreadable ? UNREADABLE[ending] : code, `Expected flow in ${path}: ${message}.`, {
      cause: error,
    })
  })
  return READERS[ending](bytes, path)
}

/**
 * Writes flow to a file, whole or not at all, in the format of the name's ending (see {@link readFlow}). A `.flo` or
 * `.png` file holds one pair's.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`, or the system's code (`ENOSPC`, ...)
 */
export async function writeFlow(path: string, field: FlowField & { pairs?: number }): Promise<void> {
  const ending = expectEnding(path)
  if (ending !== '.npy' && (field?.pairs ?? 1) !== 1)
    throw invalid(`one pair for a ${ending} file (a .npy file takes a clip's)`, 'pairs', field.pairs)
  await writeWhole(path, { '.flo': encodeFlo, '.png': encodeKitti, '.npy': toNpy }[ending](field))
}

type Ending = '.flo' | '.png' | '.npy'

function expectEnding(path: string): Ending {
  const ending = typeof path === 'string' ? extname(path).toLowerCase() : ''
  if (Object.hasOwn(READERS, ending)) return ending as Ending
  throw invalid('the path of a .flo, .png or .npy file', 'path', path)
}

function toNpy(field: FlowField & { pairs?: number }): Buffer {
  const { pairs } = field ?? {}
  if (pairs === undefined) return encodeNpy(expectField(field).flow, [field.height, field.width, 2])
  expectInteger(pairs, 'pairs', 1)
  expectField({ ...field, height: field.height * pairs })
  return encodeNpy(field.flow, [pairs, field.height, field.width, 2])
}

function readNpy(bytes: Uint8Array, path: string): Flow {
  const { data, shape } = decodeNpy(bytes)
  const [height, width, two] = shape.slice(-3)
  if (data instanceof Float32Array && two === 2 && (shape.length === 3 || shape.length === 4))
    return { flow: data, pairs: shape.length === 4 ? shape[0] : 1, width, height }
  throw new InfomotionError(
    'NPY_UNREADABLE',
    `Expected flow in ${path}, float32 of shape [height, width, 2] or [pairs, height, width, 2], but it holds a ` +
      `${data.constructor.name} of shape [${shape.join(', ')}].`,
  )
}
