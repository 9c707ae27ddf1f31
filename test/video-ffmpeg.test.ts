import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doctor, extractFeatures, type Frames, readClip, writeClip } from 'infomotion'
import t, { type Test } from 'tap'
import { paceOf, Resampler } from '#lib/video/times.js'
import {
  asFfmpeg,
  chunksIn,
  clipOf,
  equalBytes,
  film,
  hasFfmpeg,
  needs,
  setFfmpeg,
  temporary,
  waves,
} from './support.js'

// Clips through ffmpeg executables of any version: one process for several, rates that vary, rotation, AVIs refused here.

t.setTimeout(300_000)

const ffmpeg = needs(hasFfmpeg(), 'ffmpeg')

/** A script that counts its starts in a file, one line of arguments each. */
const counting = (log: string, then: string) => `echo "$*" >> ${log}\n${then}`
const startsIn = (log: string) => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])

/** Refuses an option; `-vsync` is what the ffmpeg of this machine may not know any more, so it is translated. */
const refusing = (option: string) => `
for a in "$@"; do [ "$a" = -${option} ] && { echo "Unrecognized option '${option}'." >&2; exit 8; }; done
prev=; args=(); for a in "$@"; do b=$a; [ "$a" = -vsync ] && b=-fps_mode; [ "$prev" = -vsync ] && b=passthrough; args+=("$b"); prev=$a; done
exec "$real" "\${args[@]}"`

t.test('the words that a version knows, by one look at it', ffmpeg, async (t) => {
  const path = film(join(temporary(t), 'a.mp4'))
  for (const [version, refused, tries] of [
    ['4.1-static', 'fps_mode', 1],
    ['4.4.2-0ubuntu0.22.04.1', 'fps_mode', 1],
    ['n5.0.1', 'fps_mode', 1],
    ['5.1.9-0+deb12u1', 'vsync', 1],
    ['n9.0.2-17-g2a571b6068', 'vsync', 1],
    ['12.3', 'vsync', 1],
    ['N-47683-g0e8eb07980', 'fps_mode', 2], // of 2018, which its name does not tell
    ['N-121000-gabcdef0123', 'vsync', 1],
    ['2026-01-05-git-2892815c45-full_build', 'vsync', 1],
    ['5.1-custom', 'fps_mode', 2], // a wrapper that says one thing and does another
    ['4.0-custom', 'vsync', 2],
  ] as const)
    await t.test(version, async (t) => {
      const log = join(temporary(t), 'log')
      asFfmpeg(t, counting(log, refusing(refused)), version)
      const { count, fps, warnings, decoder } = await readClip(path)
      t.same([count, fps, warnings, decoder], [40, 25, [], `ffmpeg ${version}`])
      t.equal(startsIn(log).length, tries)
      t.equal((await readClip(path)).count, 40)
      t.equal(startsIn(log).length, tries + 1, 'known from then on')
      const { findings } = await doctor()
      t.match(
        findings.find(({ name }) => name === 'ffmpeg'),
        { status: 'works', version },
      )
    })
  await t.test('doctor: one that starts and decodes nothing', async (t) => {
    asFfmpeg(t, 'echo "cannot open shared object" >&2; exit 127', '7.1')
    const { findings, healthy } = await doctor()
    t.match(
      findings.find(({ name }) => name === 'ffmpeg'),
      { status: 'broken', version: '7.1', reason: /cannot open shared object/, cure: /FFMPEG_PATH/ },
    )
    t.equal(healthy, false)
  })
  await t.test('doctor: one that gives other frames', async (t) => {
    asFfmpeg(t, '"$real" "$@" | tr "\\\\002" "\\\\007"', '7.1')
    const { findings } = await doctor()
    t.match(
      findings.find(({ name }) => name === 'ffmpeg'),
      { status: 'broken', reason: /came back as others/ },
    )
  })
})

function clipOrThrow(outcome: PromiseSettledResult<Frames>): Frames {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}

t.test('small clips share processes, and come out as alone', ffmpeg, async (t) => {
  const folder = temporary(t)
  const paths = Array.from({ length: 24 }, (_, i) =>
    film(
      join(folder, `${i}.${['mp4', 'mkv', 'ts', 'avi'][i % 4]}`),
      ['-c:v libx264 -pix_fmt yuv420p', undefined, '-c:v mpeg2video', '-c:v mpeg4'][i % 4],
      {
        frames: 10 + i,
        input: `rate=${20 + i}`,
      },
    ),
  )
  paths.push(film(join(folder, 'vary.mkv'), VARYING, { frames: 30 }))
  const alone: Frames[] = []
  for (const path of paths) alone.push(await readClip(path))
  const log = join(folder, 'log')
  const together = async (t: Test, options: (i: number) => object = () => ({})) => {
    asFfmpeg(t, counting(log, 'exec "$real" "$@"'))
    writeFileSync(log, '')
    await readClip(paths[0])
    return Promise.allSettled(paths.map((path, i) => readClip(path, options(i))))
  }
  const same = (t: Test, i: number, clip: Frames) => {
    const { frames, ...facts } = clip
    const { frames: expected, ...expectedFacts } = alone[i]
    t.same(facts, expectedFacts, paths[i])
    t.ok(equalBytes(frames, expected), paths[i])
  }
  await t.test('all well', async (t) => {
    for (const [i, outcome] of (await together(t)).entries()) same(t, i, clipOrThrow(outcome))
    const starts = startsIn(log).length
    t.ok(starts < paths.length, `${starts} processes for ${paths.length} clips`)
  })
  await t.test('some are broken, one complains, one is given up: the others do not notice', async (t) => {
    const whole = readFileSync(paths[5])
    writeFileSync(paths[4], 'no film')
    writeFileSync(paths[8], readFileSync(paths[8]).fill(0, 2400, 2900))
    const complaining = await readClip(paths[8]).catch(({ code }) => code)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 30)
    const outcomes = await together(t, (i) => (i === 12 || i === 20 ? { signal: abort.signal } : {}))
    t.match(outcomes[4], { status: 'rejected', reason: { code: 'VIDEO_UNREADABLE', message: /4\.mp4/ } })
    for (const [i, outcome] of outcomes.entries()) {
      if (i === 4) continue
      if (i === 8) t.same(outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code, complaining)
      else if ((i === 12 || i === 20) && outcome.status === 'rejected') t.match(outcome.reason, { code: 'ABORTED' })
      else same(t, i, clipOrThrow(outcome))
    }
    t.ok(equalBytes(readFileSync(paths[5]), whole))
  })
  await t.test('the decoder dies where several are in it', async (t) => {
    asFfmpeg(t, `case "$*" in *1:v:0*) kill -KILL $$;; esac; exec "$real" "$@"`)
    await readClip(paths[0])
    const fine = paths.filter((_, i) => i !== 4 && i !== 8)
    const clips = await Promise.all(fine.map((path) => readClip(path)))
    for (const [i, clip] of clips.entries()) same(t, paths.indexOf(fine[i]), clip)
  })
  await t.test('features of many clips, with little memory', async (t) => {
    const clips = paths.filter((_, i) => i !== 4 && i !== 8).map((path) => clipOf(path))
    for (const memory of [1, 2 ** 40]) {
      const { facts } = await extractFeatures(clips, {
        cache: join(folder, `cache${memory}`),
        decode: readClip,
        memory,
      })
      t.equal(facts.length, clips.length, `${memory} bytes`)
    }
  })
})

const VARYING = '-vf select=gt(n\\,30)+not(mod(n\\,2)) -fps_mode passthrough -c:v libx264 -pix_fmt yuv420p'

t.test('the rate of frames that come unevenly, and what each instant shows', async (t) => {
  const shown = (times: number[], fps: number) => {
    const resampler = new Resampler(fps)
    const all: number[] = []
    for (const [i, time] of times.entries()) for (let n = resampler.next(time); n > 0; n--) all.push(i - 1)
    if (resampler.last()) all.push(times.length - 1)
    return all
  }
  const every = (step: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * step)
  t.same(paceOf(every(0.04, 50), 25), { fps: 25, varies: false })
  t.same(paceOf(every(0.04, 50, 7), 25), { fps: 25, varies: false })
  t.same(
    paceOf(
      every(1 / 30, 90).map((time) => Math.round(1000 * time) / 1000),
      30,
    ),
    { fps: 30, varies: false },
  )
  const recorded = every(1 / 30, 90).map((time) => Math.round(1000 * time) / 1000)
  t.match(paceOf(recorded, 1000), {
    fps: 30,
    varies: false,
    text: /header names 1000 fps, but the frames come at 30(\.\d+)? fps/,
  })
  t.match(paceOf(recorded, undefined), { fps: 30, varies: false })
  t.same(paceOf([0, 1], 25), { fps: 25, varies: false })
  t.same(paceOf([0, 0, 0, 0], 25), { fps: 25, varies: false })

  const holes = every(0.04, 20).filter((_, i) => i !== 7 && i !== 8)
  t.match(paceOf(holes, 25), { fps: 25, varies: true, text: /40 to 120 ms apart \(.*\)\. They are taken at 25 fps/ })
  t.same(shown(holes, 25), [0, 1, 2, 3, 4, 5, 6, 6, 6, ...every(1, 11, 7)])
  const late = every(0.04, 20).map((time) => time + (time > 0.39 ? 0.2 : 0))
  t.same(shown(late, 25), [...every(1, 9), 9, 9, 9, 9, 9, 9, ...every(1, 10, 10)])
  const phone = [0, 0.033, 0.066, 0.1, 0.15, 0.1667, 0.2, 0.2333, 0.2667, 0.35, 0.3667, 0.4]
  t.match(paceOf(phone, 30), { fps: 30, varies: true })
  t.same(shown(phone, 30), [0, 1, 2, 3, 3, 5, 6, 7, 8, 8, 8, 10, 11])
  t.same(
    shown([0, 0.04, 0.04, 0.02, 0.08], 25),
    [0, 3, 4],
    'time does not go back, and the last of equal times is shown',
  )
  t.same(shown([0, 0.04, 1e6, 1e6 + 0.04], 25), [0, 1, 2, 3], 'a pause of days is a cut')
  t.same(shown([], 25), [])
  t.same(shown([5], 25), [0])
})

t.test('uneven frames are taken at their times', ffmpeg, async (t) => {
  const folder = temporary(t)
  const even = await readClip(film(join(folder, 'even.mkv'), '-c:v ffv1', { frames: 60 }))
  for (const name of ['a.mkv', 'a.nut']) {
    const select = '-vf select=not(between(n\\,20\\,24))*not(eq(n\\,40)) -fps_mode passthrough -c:v ffv1'
    const { frames, count, fps, oddities, width, height } = await readClip(
      film(join(folder, name), select, { frames: 54 }),
    )
    t.match(oddities, [{ kind: 'variable-rate', text: /frames lie 40 to 240 ms apart/ }])
    t.same([count, fps], [60, 25])
    const pixels = width * height
    for (let i = 0; i < 60; i++) {
      const from = i >= 20 && i <= 24 ? 19 : i === 40 ? 39 : i
      const expected = even.frames.subarray(from * pixels, (from + 1) * pixels)
      t.ok(
        equalBytes(frames.subarray(i * pixels, (i + 1) * pixels), expected),
        `${name}: instant ${i} shows frame ${from}`,
      )
    }
  }
})

t.test('rotation is followed, square pixels are not made', ffmpeg, async (t) => {
  const folder = temporary(t)
  const path = film(join(folder, 'a.mp4'), '-c:v libx264 -pix_fmt yuv420p -movflags faststart', { frames: 5 })
  const plain = await readClip(path)
  const at = (x: number, y: number) => plain.frames[y * plain.width + x]
  const file = readFileSync(path)
  const matrix = file.indexOf('tkhd') + 4 + 40 // version 0: ISO/IEC 14496-12, 8.3.2
  const [width, height] = [96, 64]
  /** a b u c d v x y w: where the display puts (x, y), in 16.16 and 2.30 fixed point. */
  const turns: Record<string, [number[], number, number, (x: number, y: number) => number]> = {
    90: [[0, 1, 0, -1, 0, 0, height, 0], height, width, (x, y) => at(y, height - 1 - x)],
    180: [[-1, 0, 0, 0, -1, 0, width, height], width, height, (x, y) => at(width - 1 - x, height - 1 - y)],
    270: [[0, -1, 0, 1, 0, 0, 0, width], height, width, (x, y) => at(width - 1 - y, x)],
  }
  for (const [degrees, [numbers, w, h, expected]] of Object.entries(turns)) {
    const turned = Buffer.from(file)
    for (const [i, number] of numbers.entries()) turned.writeInt32BE(number * 65536, matrix + 4 * i)
    writeFileSync(path, turned)
    for (const source of [path, turned]) {
      const clip = await readClip(source)
      t.same([clip.width, clip.height, clip.count, clip.warnings], [w, h, 5, []], degrees)
      const first = Uint8Array.from({ length: w * h }, (_, i) => expected(i % w, Math.floor(i / w)))
      t.ok(equalBytes(clip.frames.subarray(0, w * h), first), `${degrees} degrees`)
    }
  }
  const wide = await readClip(film(join(folder, 'wide.mkv'), '-vf setsar=16/11 -c:v ffv1', { frames: 3 }))
  t.same([wide.width, wide.height], [96, 64])
  t.match(wide.oddities, [{ kind: 'aspect', text: /1\.455 times as wide as high; .* as stored/ }])
})

t.test('an AVI that cannot be read here goes to ffmpeg, and errors name both', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.avi')
  await writeClip(path, waves(8), { fps: 25 })
  const good = readFileSync(path)
  const frames = await chunksIn(good)
  const renamed = Buffer.from(good)
  for (const { start } of frames) renamed.write('00__', start - 8, 'latin1')
  const broken = Buffer.from(good)
  for (const { start, end } of frames) broken.fill(0, start, end)
  const none = join(folder, 'none')

  await t.test('read', ffmpeg, async (t) => {
    writeFileSync(path, renamed)
    const { count, backend, oddities } = await readClip(path)
    if (backend === 'ffmpeg')
      t.match(oddities, [
        { kind: 'decoder', text: /^Read by ffmpeg, as it cannot be read in this process: .*no frame/ },
      ])
    t.equal(count, 8)
  })
  await t.test('neither', ffmpeg, async (t) => {
    writeFileSync(path, broken)
    for (const source of [path, broken])
      await t.rejects(readClip(source), { code: 'VIDEO_UNREADABLE', message: /frames.*Tried too: ffmpeg/ })
  })
  await t.test('no ffmpeg', async (t) => {
    writeFileSync(path, broken)
    setFfmpeg(t, none)
    await t.rejects(readClip(path), {
      code: 'VIDEO_UNREADABLE',
      message: /There is no ffmpeg to try instead\. Install/,
    })
  })
  await t.rejects(readClip(path, { backend: 'mjpeg' }), {
    code: 'VIDEO_UNREADABLE',
    message: /backend "ffmpeg" may read it/,
  })
  if (ffmpeg.skip) return
  const other = film(join(folder, 'other.avi'), '-c:v mpeg4')
  await t.rejects(readClip(other, { backend: 'mjpeg' }), {
    code: 'VIDEO_UNREADABLE',
    message: /codec "FMP4".*backend "ffmpeg" may/,
  })
  copyFileSync(other, path)
  t.equal((await readClip(path)).backend, 'ffmpeg')
})
