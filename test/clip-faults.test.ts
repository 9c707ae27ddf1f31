import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { extractFeatures } from 'infomotion'
import t from 'tap'
import { buildAvi } from '#lib/video/avi.js'
import { decodersOf, readClip, writeClip } from '#lib/video/index.js'
import { decodeJpeg } from '#lib/video/jpeg.js'
import { asFfmpeg, chunksIn, cli, clipOf, film, greyJpeg, hasFfmpeg, needs, temporary, waves } from './support.js'

// Clips that are not what they seem: decoders that die, files that are no films, damage, other rates, clips that change.

t.setTimeout(300_000)

const ffmpeg = needs(hasFfmpeg(), 'ffmpeg')

t.test('a decoder that is killed: tried once more, then an error of the run; nothing is kept', ffmpeg, async (t) => {
  const folder = temporary(t)
  const path = film(join(folder, 'a.mp4'))
  const whole = await readClip(path)
  const cache = join(folder, 'cache')
  const deaths = {
    'the process itself': `"$real" "$@" | head -c 100000; kill -KILL $$`,
    'in a shell': `"$real" "$@" | head -c 100000; exit 137`,
    'in a pipe whose end nobody looks at': `"$real" "$@" | head -c 100000`,
    'before its first frame': 'kill -SEGV $$',
    'asked to end': 'kill -TERM $$',
    'asked to end, which it takes for a wish': `"$real" "$@"; exit 255`,
    'by a time limit, in a shell': `exit ${128 + constants.signals.SIGXCPU}`,
  }
  for (const [what, lines] of Object.entries(deaths))
    await t.test(what, async (t) => {
      asFfmpeg(t, lines)
      await t.rejects(readClip(path), { code: 'DECODER_DIED', message: /killed twice .*a\.mp4/ })
      const run = extractFeatures([clipOf(path)], { cache, decode: readClip, decoders: await decodersOf('auto') })
      await t.rejects(run, { code: 'DECODER_DIED' })
    })
  await t.test('once only', async (t) => {
    const mark = join(folder, 'mark')
    asFfmpeg(
      t,
      `if [ ! -e ${mark} ]; then touch ${mark}; "$real" "$@" | head -c 100000; kill -KILL $$; fi; exec "$real" "$@"`,
    )
    const { frames, count, warnings } = await readClip(path)
    t.same([count, warnings, Buffer.compare(frames, whole.frames)], [40, [], 0])
  })
  const { facts } = await extractFeatures([clipOf(path)], {
    cache,
    decode: readClip,
    decoders: await decodersOf('auto'),
  })
  t.equal(facts[0].frames, 40, 'no row of a dead decoder was kept')
})

t.test('a decoder that gives up: the fault of the clip, skipped by name, not kept', ffmpeg, async (t) => {
  const folder = temporary(t)
  const paths = ['a.mp4', 'b.mp4'].map((name, i) => film(join(folder, name), undefined, { frames: 30 + i }))
  const clips = paths.map((path) => clipOf(path))
  const cache = join(folder, 'cache')
  const options = async () => ({ cache, decode: readClip, decoders: await decodersOf('auto') })
  await t.test('after some frames', async (t) => {
    asFfmpeg(t, `case "$*" in *b.mp4*) "$real" "$@"; echo "b.mp4: out of luck" >&2; exit 69;; esac; exec "$real" "$@"`)
    const { facts, skipped } = await extractFeatures(clips, await options())
    t.same(
      facts.map(({ frames }) => frames),
      [30],
    )
    t.match(skipped, [
      {
        id: paths[1],
        reason: /broke off after 31 frames of .*out of luck \(it ended with status 69\) \(VIDEO_UNREADABLE\)/,
      },
    ])
  })
  const { facts, skipped } = await extractFeatures(clips, await options())
  t.same([facts.map(({ frames }) => frames), skipped], [[30, 31], []])
})

t.test('another ffmpeg makes another row; the same one finds its own', ffmpeg, async (t) => {
  const folder = temporary(t)
  const clips = [clipOf(film(join(folder, 'a.mp4')))]
  await writeClip(join(folder, 'm.avi'), waves(6), { fps: 25 })
  clips.push(clipOf(join(folder, 'm.avi')))
  let decoded: string[] = []
  const decode: typeof readClip = async (path, options) => {
    const clip = await readClip(path, options)
    decoded.push(clip.decoder.replace(/ \(.*/, ''))
    return clip
  }
  const volumes = { side: 8, frames: 4 }
  const run = async () => {
    decoded = []
    const { cacheKeys } = await extractFeatures(clips, {
      cache: join(folder, 'cache'),
      decode,
      volumes,
      decoders: await decodersOf('auto'),
    })
    return { decoded: decoded.sort(), cacheKeys }
  }
  const first = await run()
  t.equal(first.decoded.length, 2)
  t.match(first.decoded, [/^ffmpeg \S*\d/, 'mjpeg'])
  t.same(await run(), { decoded: [], cacheKeys: first.cacheKeys })
  await t.test('another version', async (t) => {
    asFfmpeg(t, 'exec "$real" "$@"', '99.1')
    const other = await run()
    t.same(other.decoded, ['ffmpeg 99.1'])
    t.not(other.cacheKeys[0], first.cacheKeys[0])
    t.equal(other.cacheKeys[1], first.cacheKeys[1])
  })
  t.same(await run(), { decoded: [], cacheKeys: first.cacheKeys })
})

t.test('an ffmpeg that knows the old word only, or the new one only', ffmpeg, async (t) => {
  const path = film(join(temporary(t), 'a.mp4'))
  for (const unknown of ['vsync', 'fps_mode'])
    await t.test(`without -${unknown}`, async (t) => {
      asFfmpeg(
        t,
        `for a in "$@"; do [ "$a" = -${unknown} ] && { echo "Unrecognized option '${unknown}'." >&2; exit 8; }; done; prev=; args=(); for a in "$@"; do b=$a; [ "$a" = -vsync ] && b=-fps_mode; [ "$prev" = -vsync ] && b=passthrough; args+=("$b"); prev=$a; done; exec "$real" "\${args[@]}"`,
      )
      t.same([(await readClip(path)).count, (await readClip(path)).count], [40, 40])
    })
})

t.test('no other file than the clip: playlists, lists, texts and pictures are no clips', ffmpeg, async (t) => {
  const folder = temporary(t)
  const film1 = film(join(folder, 'secret.ts'), '-c:v mpeg2video -f mpegts')
  const files: Record<string, string> = {
    'hls.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.6,\n${film1}\n#EXT-X-ENDLIST\n`,
    'hls.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.6,\nsecret.ts\n#EXT-X-ENDLIST\n`,
    'concat.avi': "ffconcat version 1.0\nfile 'secret.ts'\n",
    'text.txt': 'a text that a terminal would show\n'.repeat(50),
    'text.avi': 'RIFF is no AVI\n'.repeat(50),
    'dash.mpd': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1.6S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1"><BaseURL>secret.ts</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    'session.sdp':
      'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    'subtitles.srt': '1\n00:00:00,000 --> 00:00:01,000\nhello\n',
  }
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    for (const backend of ['auto', 'ffmpeg'] as const)
      await t.rejects(readClip(join(folder, name), { backend }), { code: 'VIDEO_UNREADABLE' }, `${name}, ${backend}`)
  }
  for (const name of ['a1.png', 'a2.png', 'b1.jpg', 'b2.jpg', 'c.bmp', 'd.tiff', 'e%03d.jpg'])
    film(join(folder, name), '-update 1', { frames: 1 })
  for (const name of ['a1.png', 'b1.jpg', 'c.bmp', 'd.tiff', 'e%03d.jpg'])
    await t.rejects(readClip(join(folder, name), { backend: 'ffmpeg' }), { code: 'VIDEO_UNREADABLE' }, name)
  for (const [name, options] of [
    ['a.mp4', undefined],
    ['a.mov', undefined],
    ['a.mkv', undefined],
    ['a.webm', '-c:v libvpx'],
    ['a.ts', undefined],
    ['a.mpg', '-c:v mpeg2video'],
    ['a.avi', '-c:v mpeg4'],
    ['a.flv', '-c:v flv'],
    ['a.wmv', '-c:v wmv2'],
    ['a.ogv', '-c:v libtheora'],
    ['a.gif', ''],
    ['a.h264', '-f h264'],
    ['a.y4m', '-pix_fmt yuv420p'],
    ['a.mxf', '-c:v mpeg2video'],
    ['a.nut', '-c:v ffv1'],
    ['a.m4v', '-f m4v -c:v mpeg4'],
  ] as [string, string | undefined][]) {
    const clip = await readClip(film(join(folder, name), options?.replace(/^$/, '-loop 0')))
    t.ok(clip.count >= 38 && clip.width === 96, `${name}: ${clip.count} frames`)
  }
})

/** A JPEG of a size, and one with a thumbnail in its Exif. */
const jpeg = (width: number, height: number, seed = 1) => greyJpeg(slope(width, height, seed), width, height)
const slope = (width: number, height: number, seed = 1) =>
  Uint8Array.from({ length: width * height }, (_, i) => i * seed)

function withSegment(picture: Buffer, marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([picture.subarray(0, 2), head, body, picture.subarray(2)])
}

t.test('files with JPEGs in them that are no AVI', async (t) => {
  const folder = temporary(t)
  const write = (name: string, ...parts: Buffer[]) => {
    writeFileSync(join(folder, name), Buffer.concat(parts))
    return join(folder, name)
  }
  const small = await jpeg(16, 16)
  const exif = Buffer.concat([Buffer.from('Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1'), small])
  const thumbnail = (picture: Buffer) => withSegment(picture, 0xe1, exif)
  const picture = await jpeg(64, 48)
  const pictures = {
    'plain.jpg': [picture],
    'exif.jpg': [thumbnail(picture)],
    'exif.avi': [thumbnail(picture)],
    'preview-behind.jpg': [thumbnail(picture), await jpeg(32, 24)],
    'depth.jpg': [withSegment(picture, 0xe2, Buffer.from('MPF\0II*\0')), await jpeg(64, 48, 3)],
    'film-behind.jpg': [picture, Buffer.from('\0\0\0\x18ftypmp42', 'latin1'), Buffer.alloc(99)],
  }
  for (const [name, parts] of Object.entries(pictures))
    for (const backend of ['auto', 'ffmpeg', 'mjpeg', 'opencv'] as const)
      await t.rejects(
        readClip(write(name, ...parts), { backend }),
        { code: 'VIDEO_UNREADABLE', message: /a picture, in JPEG/ },
        name,
      )

  const explicit = (group: number, element: number, type: string, text: string) => {
    const value = Buffer.from(text.length % 2 ? `${text} ` : text, 'latin1')
    const head = Buffer.from([group & 255, group >> 8, element & 255, element >> 8, 0, 0, value.length, 0])
    head.write(type, 4, 'latin1')
    return Buffer.concat([head, value])
  }
  const implicit = (group: number, element: number, text: string) => {
    const value = Buffer.from(text.length % 2 ? `${text} ` : text, 'latin1')
    return Buffer.concat([
      Buffer.from([group & 255, group >> 8, element & 255, element >> 8, value.length, 0, 0, 0]),
      value,
    ])
  }
  const frames = Buffer.concat([picture, await jpeg(64, 48, 2), await jpeg(64, 48, 3)])
  const dicoms: [string, Buffer[]][] = [
    [
      'time.dcm',
      [
        Buffer.alloc(128),
        Buffer.from('DICM'),
        explicit(0x18, 0x1063, 'DS', '33.3'),
        explicit(0x28, 8, 'IS', '3'),
        frames,
      ],
    ],
    ['rate.avi', [Buffer.alloc(128), Buffer.from('DICM'), explicit(0x18, 0x40, 'IS', '24'), frames]],
    ['plain', [Buffer.alloc(128), Buffer.from('DICM'), frames]],
    [
      'no-preamble',
      [explicit(8, 0x16, 'UI', '1.2.840.10008.5.1.4.1.1.3.1'), explicit(0x28, 8, 'IS', '3'), Buffer.alloc(64), frames],
    ],
    [
      'implicit',
      [implicit(8, 0x16, '1.2.840.10008.5.1.4.1.1.3.1'), implicit(0x18, 0x1063, '20'), Buffer.alloc(64), frames],
    ],
  ]
  for (const [name, parts] of dicoms)
    for (const backend of ['auto', 'ffmpeg', 'mjpeg'] as const)
      await t.rejects(
        readClip(write(name, ...parts), { backend }),
        { code: 'VIDEO_UNREADABLE', message: /DICOM/ },
        name,
      )

  // films and archives with a cover or a thumbnail inside, of no format that is read in this process
  for (const head of [
    'RIFF\x24\x10\0\0WAVEfmt ',
    'PK\x03\x04',
    '%PDF-1.4\n',
    'ID3\x03\0\0',
    '\0asf',
    'echo owned; exit 0\n',
  ])
    await t.rejects(
      readClip(write('x.bin', Buffer.from(head, 'latin1'), frames), { backend: 'mjpeg' }),
      { code: 'VIDEO_UNREADABLE' },
      head,
    )

  await t.test('a stream of JPEGs with thumbnails', ffmpeg, async (t) => {
    const jpegs = await Promise.all(Array.from({ length: 5 }, (_, i) => jpeg(64, 48, i + 1)))
    const stream = jpegs.map(thumbnail)
    for (const name of ['a.mjpeg', 'b.avi', 'c']) {
      const clip = await readClip(write(name, ...stream))
      t.same([clip.count, clip.width, clip.height, clip.backend], [5, 64, 48, 'ffmpeg'])
      t.match(clip.oddities, [{ kind: 'rate', text: /25 fps is assumed/ }])
      const first = (await decodeJpeg(picture)).pixels
      t.ok(first.every((grey, i) => Math.abs(grey - clip.frames[i]) <= 2))
    }
  })

  // an AVI that lost its head is one by the names of its chunks
  await writeClip(join(folder, 'good.avi'), waves(8), { fps: 25 })
  const good = readFileSync(join(folder, 'good.avi'))
  const first = (await chunksIn(good))[0].start - 8
  t.equal(
    (await readClip(write('headless.avi', Buffer.alloc(first), good.subarray(first)), { backend: 'mjpeg' })).count,
    8,
  )
})

t.test('above 2 GiB: what is no Motion JPEG AVI goes to ffmpeg, what is one is read in pieces', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a')
  const large = (head: Buffer) => {
    writeFileSync(path, head)
    truncateSync(path, 2 ** 31 + 2 ** 20)
    return path
  }
  const ts = Buffer.alloc(188 * 20)
  for (let at = 0; at < ts.length; at += 188) ts[at] = 0x47
  const said = await readClip(large(ts)).catch(({ code, message }) => `${code} ${message}`)
  t.match(said, /^(VIDEO_UNREADABLE|FFMPEG_NOT_FOUND)/)
  t.notMatch(said, /2 GiB|TOO_LARGE/)
  await t.rejects(readClip(path, { backend: 'mjpeg' }), {
    code: 'VIDEO_UNREADABLE',
    message: /Expected a Motion JPEG AVI/,
  })
  await writeClip(join(folder, 'small.avi'), waves(3), { fps: 25 })
  const clips = [clipOf(path, 'large'), clipOf(join(folder, 'small.avi'), 'small')]
  const decode: typeof readClip = (path, options) => readClip(path, { ...options, backend: 'mjpeg' })
  const { facts, skipped } = await extractFeatures(clips, { cache: join(folder, 'cache'), decode })
  t.equal(facts.length, 1)
  t.match(skipped, [{ id: 'large', reason: /VIDEO_UNREADABLE/ }], 'hashed in pieces, skipped by name')
  await writeClip(path, waves(3), { fps: 25 })
  t.match(await readClip(large(readFileSync(path))), { count: 3, backend: 'mjpeg' }, 'in pieces')
})

t.test('a film of 125,000 frames is written and read; one too large for an AVI is refused by name', async (t) => {
  const path = join(temporary(t), 'a.avi')
  const small = await jpeg(8, 8)
  writeFileSync(path, buildAvi(Array(125_000).fill(small), 8, 8, 25))
  const { count, warnings } = await readClip(path)
  t.same([count, warnings], [125_000, []])
  const large = Buffer.alloc(2 ** 24)
  t.throws(() => buildAvi(Array(128).fill(large), 8, 8, 25), { code: 'VIDEO_TOO_LARGE', message: /fewer frames/ })
})

t.test('rates that vary are told, and steady ones are not, whatever the container counts in', ffmpeg, async (t) => {
  const folder = temporary(t)
  const drop = '-vf select=not(mod(n\\,3))+not(mod(n\\,7)) -fps_mode passthrough -c:v libx264 -pix_fmt yuv420p'
  for (const name of ['vary.mp4', 'vary.mkv']) {
    const clip = await readClip(film(join(folder, name), drop, { frames: 20 }))
    t.match(
      clip.oddities,
      [{ kind: 'variable-rate', text: /frames lie 40 to 120 ms apart .* taken at 8.33 fps/ }],
      name,
    )
  }
  for (const rate of ['25', '30000/1001', '50', '23.976', '60', '120', '7'])
    for (const name of ['a.mp4', 'a.mkv', 'a.flv', 'a.avi']) {
      const codec = name.endsWith('flv') ? '-c:v flv' : name.endsWith('avi') ? '-c:v mpeg4' : undefined
      const clip = await readClip(film(join(folder, name), codec, { input: `rate=${rate}` }))
      t.same(
        clip.oddities.filter(({ kind }) => kind === 'variable-rate'),
        [],
        `${name} at ${rate} fps`,
      )
    }
  t.same((await readClip(film(join(folder, 'two.mp4'), undefined, { frames: 2 }))).warnings, [])
})

t.test('probe: pipes, devices and folders by name; Ctrl-C ends a decoder that hangs', async (t) => {
  const folder = temporary(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const [path, what] of [
    [join(folder, 'pipe'), 'a pipe'],
    ['/dev/zero', 'a device'],
    [folder, 'a folder'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'probe', path], { encoding: 'utf8', timeout: 20_000 })
    t.equal(status, 1)
    t.match(stderr, new RegExp(`${what}, not a file.*VIDEO_NOT_FOUND`))
  }
  if (ffmpeg.skip) return
  asFfmpeg(t, 'sleep 30 | cat') // a child of the decoder holds the pipe
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 200)
  const path = join(folder, 'a.mp4')
  writeFileSync(path, Buffer.from('\0\0\0\x18ftypisom0000', 'latin1'))
  const start = performance.now()
  await t.rejects(readClip(path, { signal: controller.signal }), { code: 'ABORTED' })
  t.ok(performance.now() - start < 5000)
})
