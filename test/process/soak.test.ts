import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../support.js'

// In a process of its own, whose memory nothing else changes. The full length, with ONNX sessions, is `npm run soak`.
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--max-semi-space-size=2', join(root, 'build/test/scripts/soak/main.js'), ...args], {
    encoding: 'utf8',
  })

// Warm runs grow by 1 to 3 MiB; 4 KiB a clip, less than its six frames, are too much.
t.test(
  'decoding, flow, descriptors, graphs and communities leave no memory behind',
  { timeout: 180_000 },
  async (t) => {
    const { status, stdout, stderr } = run('--clips', '2000', '--warm-up', '1000', '--sessions', '0', '--bound', '8')
    t.equal(status, 0, `${stdout}${stderr}`)
  },
)
