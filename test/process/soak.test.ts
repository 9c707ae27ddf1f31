import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { hasFfmpeg, root } from '../support.js'

// In a process of its own, whose memory nothing else changes. The full length, with ONNX sessions, is `npm run soak`.
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--max-semi-space-size=2', join(root, 'build/test/scripts/soak/main.js'), ...args], {
    encoding: 'utf8',
  })

// Warm halves differ by less than 2 MiB; a frame's bytes for each of six frames left behind would make 6.
t.test(
  'decoding, flow, descriptors, graphs and communities leave no memory behind',
  { timeout: 180_000 },
  async (t) => {
    const { status, stdout, stderr } = run(
      '--clips',
      '2000',
      '--warm-up',
      '1000',
      '--sessions',
      '0',
      '--reads',
      '0',
      '--bound',
      '4',
    )
    t.equal(status, 0, `${stdout}${stderr}`)
  },
)

// A clip is 72 KiB, each other of the outside ones 3.7 MiB: what would stay of a part of them is more than 4 MiB.
t.test('clips of every format leave no memory behind', { timeout: 180_000 }, async (t) => {
  const outside = hasFfmpeg() ? '100' : '0'
  const { status, stdout, stderr } = run('--clips', '0', '--reads', '400', '--outside', outside, '--bound', '4')
  t.equal(status, 0, `${stdout}${stderr}`)
})
