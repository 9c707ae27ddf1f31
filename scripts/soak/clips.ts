import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { readClip } from 'infomotion'
import { KNOWN_CLIPS } from '../../test/known-clips.js'
import { residentMiB } from './resident.js'

/** Looks at the memory, evenly spaced. */
const SAMPLES = 12

/**
 * Reads clips of every kind again and again, each format of this process `reads` times, and all those that another program
 * decodes so often in turn. A quarter of the reads warms up. Gives the most resident MiB in each half of the others.
 */
export async function soakClips(folder: string, { reads, outside }: { reads: number; outside: number }) {
  const paths = { own: [] as string[], outside: [] as string[] }
  for (const [i, clip] of KNOWN_CLIPS.entries()) {
    if (clip.needsFfmpeg && outside === 0) continue
    const path = join(folder, `${i}.${clip.ending}`)
    await clip.write(path)
    paths[clip.reader === 'ffmpeg' ? 'outside' : 'own'].push(path)
  }
  if (outside > 0) {
    // Every other of these is large: what stays of it shows after few reads.
    const path = join(folder, 'large.mkv')
    execFileSync('ffmpeg', [...'-v error -f lavfi -i testsrc2=s=320x240:d=2 -c:v ffv1'.split(' '), path])
    paths.outside = paths.outside.flatMap((other) => [other, path])
  }
  const rounds = Math.max(reads, outside)
  const seen: number[] = []
  let [own, foreign] = [0, 0]
  for (let i = 0; i < rounds; i++) {
    for (; own < Math.round(((i + 1) * reads) / rounds); own++) for (const path of paths.own) await readClip(path)
    for (; foreign < Math.round(((i + 1) * outside) / rounds); foreign++)
      await readClip(paths.outside[foreign % paths.outside.length])
    const measured = (i + 1) / rounds - 0.25
    if (measured > 0 && Math.floor((measured / 0.75) * SAMPLES) > seen.length) seen.push(await residentMiB())
  }
  return { first: Math.max(...seen.slice(0, SAMPLES / 2)), second: Math.max(...seen.slice(SAMPLES / 2)) }
}
