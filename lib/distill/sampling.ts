import type { Clip } from '../dataset/index.js'
import type { ClipFacts } from '../features/extract.js'
import { NO_FILE } from '../run/store.js'
import { asInfomotionError } from '../runtime/errors.js'
import { inLanes } from '../runtime/lanes.js'
import type { ReadOptions } from '../video/types.js'
import { type ClipTime, periodOf, SAMPLE_FRAMES, strideFor, type Timing, timingOf } from '../volume/index.js'

/** Clips that are looked at for their time: enough to tell what is usual. */
const MOST_CLIPS = 32
const AT_ONCE = 2

type DecodeFile = (
  path: string,
  options: ReadOptions & Pick<Clip, 'fps' | 'segment'>,
) => Promise<{ frames: Uint8Array; count: number; width: number; height: number; fps: number }>

/**
 * How networks sample the clips of a data set in time, by what is usual among its TRAIN clips, at most 32 of them, evenly
 * taken: their lengths, rates and repetition. No label is looked at. Undefined where none of them can be read.
 */
export async function timingOfClips(
  clips: readonly Clip[],
  decode: DecodeFile,
  signal: AbortSignal | undefined,
): Promise<Timing | undefined> {
  const train = clips.filter(({ split }) => split === 'train')
  const some = train.length > 0 ? train : clips
  const count = Math.min(some.length, MOST_CLIPS)
  const times = new Array<ClipTime | undefined>(count)
  await inLanes(AT_ONCE, count, signal, async (i) => {
    times[i] = await timeOf(some[Math.floor((i * some.length) / count)], decode, signal)
  })
  const read = times.filter((time) => time !== undefined)
  return read.length > 0 ? timingOf(read) : undefined
}

/** Undefined where a clip cannot be read: that is said where it is described. */
async function timeOf(
  { path, fps, segment }: Clip,
  decode: DecodeFile,
  signal: AbortSignal | undefined,
): Promise<ClipTime | undefined> {
  try {
    const clip = await decode(path, { ...(fps !== undefined && { fps }), ...(segment && { segment }), signal })
    const period = await periodOf(clip.frames, clip, signal)
    return { seconds: clip.count / clip.fps, fps: clip.fps, ...(period !== undefined && { period }) }
  } catch (thrown) {
    const { code } = asInfomotionError(thrown)
    if (code.startsWith('VIDEO_') || NO_FILE.includes(code)) return undefined
    throw thrown
  }
}

/** The timing where the volumes are as they are: an encoder's. */
export function timingIn(
  timing: Timing | undefined,
  { rate, frames }: { rate: number; frames: number },
): Timing | undefined {
  return timing && { ...timing, rate, frames, stride: strideFor(timing.span, { rate, frames }) }
}

/** What is said of it: "A CNN's sample spans 4.0 s ...". */
export function timingNote({ span, rate, period }: Timing): string {
  const why = period
    ? `since the clips' movement comes again about every ${period.toFixed(2)} s`
    : 'the length of the clips, whose movement does not come again'
  return `A CNN sees ${SAMPLE_FRAMES} frames over ${span.toFixed(2)} s of a clip at a time, ${why}; volumes have ${rate.toFixed(1)} frames/s.`
}

/** What may not suit a network that samples so, each a sentence. */
export function timingWarnings(
  { span }: Timing,
  facts: readonly ClipFacts[],
  nameOf: (row: number) => string,
): string[] {
  const rows = [...facts.keys()]
  const short = rows.filter((row) => facts[row].frames / facts[row].fps < span / 2)
  const slow = rows.filter((row) => facts[row].fps < SAMPLE_FRAMES / span / 2)
  const some = (found: number[]) => `${found.length} of ${rows.length} clips (the first: ${nameOf(found[0])})`
  return [
    ...(short.length > 0
      ? [
          `${some(short)} last less than half of the ${span.toFixed(2)} s that a CNN's sample spans: it shows them more than once.`,
        ]
      : []),
    ...(slow.length > 0
      ? [
          `${some(slow)} have less than half of the ${(SAMPLE_FRAMES / span).toFixed(1)} frames/s of a CNN's sample: it shows each of their frames more than once.`,
        ]
      : []),
  ]
}
