import { invalid } from '../runtime/expect.js'
import { type FlowOptions, farneback } from './farneback.js'
import { expectField, type FlowField } from './flo.js'

/**
 * What is used of a `cv.Mat` of opencv4nodejs (an optional peer: `npm install opencv4nodejs@npm:@u4/opencv4nodejs@^7`).
 * Nothing here loads it: the Mats bring their class along.
 */
export interface CvMat {
  readonly rows: number
  readonly cols: number
  readonly type: number
  /** Its values, row by row; refused by a region of another Mat. */
  getData(): Buffer
  copy(): CvMat
}

/** The class `cv.Mat`. */
export type CvMatClass<M extends CvMat> = new (data: Buffer, rows: number, cols: number, type: number) => M

/** OpenCV's numbers of the types: depth + 8 (channels - 1), 8-bit unsigned being depth 0, 32-bit float 5. */
const CV_8UC1 = 0
const CV_32FC1 = 5
const CV_32FC2 = 13

/**
 * The grey levels of a `cv.Mat` (CV_8UC1 or CV_32FC1), copied, for {@link FlowSequence} and {@link farneback}.
 *
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 * @example
 * ```js
 * const flow = await sequence.push(fromMat(capture.read().cvtColor(cv.COLOR_BGR2GRAY)).pixels)
 * ```
 */
export function fromMat(mat: CvMat): { pixels: Uint8Array | Float32Array; width: number; height: number } {
  if (typeof mat?.getData !== 'function') throw invalid('a cv.Mat of opencv4nodejs', 'mat', mat)
  const { rows: height, cols: width, type } = mat
  if (type !== CV_8UC1 && type !== CV_32FC1)
    throw invalid('a Mat of CV_8UC1 or CV_32FC1 (mat.cvtColor(cv.COLOR_BGR2GRAY) makes one)', 'mat.type', type)
  if (!(width > 0 && height > 0)) throw invalid('a Mat that holds an image', 'mat', `${width} x ${height}`)
  const bytes = Uint8Array.from(dataOf(mat)) // of its own: floats must start at a multiple of four
  return { pixels: type === CV_8UC1 ? bytes : new Float32Array(bytes.buffer), width, height }
}

function dataOf(mat: CvMat): Buffer {
  try {
    return mat.getData()
  } catch {
    return mat.copy().getData() // a region of a larger Mat becomes one of its own
  }
}

/**
 * A flow field as a `cv.Mat` of CV_32FC2.
 *
 * @param Mat - the class to make it of: `cv.Mat`
 * @throws {InfomotionError} `INVALID_ARGUMENT`
 */
export function toMat<M extends CvMat>(field: FlowField, Mat: CvMatClass<M>): M {
  const { flow, width, height } = expectField(field)
  return new Mat(Buffer.from(flow.buffer, flow.byteOffset, flow.byteLength), height, width, CV_32FC2)
}

/**
 * {@link farneback} for Mats of opencv4nodejs, which has no dense flow of its own: a CV_32FC2 Mat for each pair of
 * consecutive frames.
 *
 * @param mats - at least two, CV_8UC1 or CV_32FC1, all of one type and size
 * @throws {InfomotionError} `INVALID_ARGUMENT`, `ABORTED`, `OUT_OF_MEMORY`
 * @example
 * ```js
 * const [flow] = await farnebackMats([cv.imread('a.png', cv.IMREAD_GRAYSCALE), cv.imread('b.png', cv.IMREAD_GRAYSCALE)])
 * console.log(flow.at(10, 20)) // { x: u, y: v } in row 10, column 20
 * ```
 */
export async function farnebackMats<M extends CvMat>(mats: readonly M[], options: FlowOptions = {}): Promise<M[]> {
  if (!Array.isArray(mats) || mats.length < 2) throw invalid('an array of at least two Mats', 'mats', mats)
  const frames = mats.map(fromMat)
  const { width, height, pixels } = frames[0]
  const all = new (pixels instanceof Float32Array ? Float32Array : Uint8Array)(frames.length * pixels.length)
  frames.forEach((frame, i) => {
    const same = frame.width === width && frame.height === height && frame.pixels.constructor === pixels.constructor
    if (!same) throw invalid('Mats of one type and size', `mats[${i}]`, `${frame.width} x ${frame.height}`)
    all.set(frame.pixels, i * pixels.length)
  })
  const { flow, pairs } = await farneback(all, { width, height }, options)
  const values = width * height * 2
  const Mat = mats[0].constructor as CvMatClass<M>
  return Array.from({ length: pairs }, (_, pair) =>
    toMat({ flow: flow.subarray(pair * values, (pair + 1) * values), width, height }, Mat),
  )
}
