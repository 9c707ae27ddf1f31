import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openClip, readClip } from '#lib/video/index.js'
import { hasFfmpeg, needs, temporary } from './support.js'

// Formats of which ffmpeg gives the frames that are there, and no word of those that are not.

const FILES: Record<string, string[]> = {
  'a.gif': [],
  'a.ogv': ['-c:v', 'libtheora'],
  'a.ivf': ['-c:v', 'libvpx', '-b:v', '300k'],
  'a.mxf': ['-c:v', 'mpeg2video'],
  'a.ts': ['-c:v', 'mpeg2video'],
  'a.m2ts': ['-c:v', 'mpeg2video', '-mpegts_m2ts_mode', '1'],
  ...Object.fromEntries(
    ['yuv420p', 'yuv422p', 'yuv411p', 'yuv444p', 'yuv444p10', 'gray', 'gray10'].map((pixels) => [
      `${pixels}.y4m`,
      ['-pix_fmt', pixels, '-strict', '-1'],
    ]),
  ),
}

t.test('a file that is cut short is told of', needs(hasFfmpeg(), 'ffmpeg'), async (t) => {
  const folder = temporary(t)
  for (const [name, options] of Object.entries(FILES))
    await t.test(name, async (t) => {
      const path = join(folder, name)
      const size = /y4m|gif/.test(name) ? '67:49' : '128:96' // halves of colour are rounded up
      const film = ['-f', 'lavfi', '-i', `testsrc2=s=128x96:d=1:r=25,scale=${size}`]
      const { stderr } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...film, ...options, path])
      if (/Unknown encoder/.test(`${stderr}`)) {
        t.comment('this ffmpeg was built without the encoder')
        return
      }
      const whole = await readClip(path)
      t.match(whole, { count: 25, oddities: [] })
      const bytes = readFileSync(path)
      for (const share of [0.4, 0.95]) {
        const end = Math.floor(bytes.length * share)
        writeFileSync(path, bytes.subarray(0, end - (end % 188 === 0 || end % 192 === 0 ? 1 : 0)))
        const found = await readClip(path)
        t.ok(share > 0.9 || found.count < 25, `${found.count} frames`)
        t.match(found.oddities[0], { kind: 'damaged', text: /is cut short: frames at its end are damaged or missing/ })
      }
      const opened = await openClip(path)
      t.match(opened.oddities[0], { kind: 'damaged' })
      opened.close()
      t.match((await readClip(readFileSync(path), { maxFrames: 2 })).oddities[0], { kind: 'damaged' })
    })
})
