import type { DataSet } from 'dicom-parser'
import { type Pace, paceOf } from '../times.js'
import { ASSUMED_FPS, type Oddity } from '../types.js'
import { numberOf, numbersOf, uint16Of } from './attributes.js'

/** How far rates of one file may be apart: they are rounded differently. */
const SAME_RATE = 0.05

/** How fast the frames come. */
export interface Rate {
  fps: number
  oddities: Oddity[]
  /** When each frame is shown, in seconds, where they come unevenly. */
  times?: number[]
}

/**
 * Frames per second. The time between frames as it was recorded (FrameTimeVector, FrameTime, ActualFrameDuration) goes
 * before the rate that they were recorded or should be shown with (CineRate, RecommendedDisplayFrameRate); of the first two
 * the one that FrameIncrementPointer names. What cannot be (0, negative, above 1000 fps) does not count.
 *
 * @param otherwise - where the file names none
 */
export function rateOf(data: DataSet, otherwise?: number): Rate {
  const steps = numbersOf(data, 'x00181065').slice(1) // the first is the time before the first frame
  const vector = steps.every((step) => step >= 0) ? steps : []
  const total = vector.reduce((sum, step) => sum + step, 0)
  const byTime: [string, number | undefined][] = [
    ['FrameTime', perSecond(numberOf(data, 'x00181063'))],
    ['FrameTimeVector', perSecond(total / vector.length)],
  ]
  if (pointerOf(data) === FRAME_TIME_VECTOR) byTime.reverse()
  const rates = [
    ...byTime,
    ['ActualFrameDuration', perSecond(numberOf(data, 'x00181242'))],
    ['CineRate', numberOf(data, 'x00180040')],
    ['RecommendedDisplayFrameRate', numberOf(data, 'x00082144')],
  ].filter((named): named is [string, number] => isRate(named[1]))
  if (rates.length === 0) {
    const text = `The file names no frame rate: ${ASSUMED_FPS} fps is assumed.`
    return { fps: otherwise ?? ASSUMED_FPS, oddities: otherwise === undefined ? [{ kind: 'rate', text }] : [] }
  }
  const [[name, fps], ...others] = rates
  const oddities: Oddity[] = []
  const apart = others.filter(([, rate]) => Math.abs(rate / fps - 1) > SAME_RATE)
  const said = ([name, rate]: [string, number]) => `${name} ${Number(rate.toFixed(2))} fps`
  if (apart.length > 0)
    oddities.push({ kind: 'rates', text: `Rates differ: ${rates.map(said).join(', ')}; the first is taken.` })
  if (name !== 'FrameTimeVector') return { fps, oddities }
  const times = timesOf(vector)
  const pace: Pace = times.length > 2 ? paceOf(times, fps) : { fps, varies: false }
  if (pace.text) oddities.push({ kind: 'variable-rate', text: pace.text })
  return { fps: pace.fps, oddities, ...(pace.varies && { times }) }
}

const FRAME_TIME_VECTOR = 0x00181065

/** The attribute that tells the frames apart. */
function pointerOf(data: DataSet): number {
  return (uint16Of(data, 'x00280009') ?? 0) * 65536 + (uint16Of(data, 'x00280009', 1) ?? 0)
}

function perSecond(milliseconds?: number): number | undefined {
  return milliseconds === undefined ? undefined : 1000 / milliseconds
}

const isRate = (fps: unknown) => typeof fps === 'number' && fps > 0 && fps <= 1000

/** When each frame is shown, in seconds. */
function timesOf(steps: readonly number[]): number[] {
  const times = [0]
  for (const step of steps) times.push(times[times.length - 1] + step / 1000)
  return times
}
