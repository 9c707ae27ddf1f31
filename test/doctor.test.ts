import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnosis } from 'infomotion'
import t from 'tap'
import { native } from '#lib/runtime/native.js'
import { infomotion, root } from './support.js'

t.setTimeout(120_000)

async function diagnose(
  env = {},
): Promise<{ status: number | string; diagnosis: Diagnosis; of(name: string): Record<string, unknown> }> {
  const { status, out } = await infomotion(['doctor', '--json'], env)
  const diagnosis = JSON.parse(out) as Diagnosis
  return { status, diagnosis, of: (name) => ({ ...diagnosis.findings.find((finding) => finding.name === name) }) }
}

t.test('what works, by trying it', async (t) => {
  const { status, diagnosis, of } = await diagnose({
    INFOMOTION_THREADS: '3',
    INFOMOTION_ISA: 'scalar',
    INFOMOTION_CUDA: '0',
  })
  const { version, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.equal(status, 0)
  t.equal(diagnosis.healthy, true)
  t.match(diagnosis.versions, { infomotion: version, node: process.version })
  t.match(diagnosis.platform, `${process.platform}-${process.arch}`)
  t.equal(diagnosis.instructionSet, 'scalar')
  t.match(diagnosis.devices, { cpu: { threads: 3 }, cuda: { available: false, reason: /INFOMOTION_CUDA/ } })
  t.match(of('addon'), { status: 'works', version, required: true })
  t.match(of('libjpeg-turbo'), { status: 'works', version: native().jpegLibrary })
  t.match(of('onnxruntime-node'), {
    status: 'works',
    version: optionalDependencies['onnxruntime-node'],
    required: true,
  })
  t.same(
    diagnosis.findings.map(({ name }) => name),
    ['addon', 'libjpeg-turbo', 'onnxruntime-node', 'ffmpeg', 'opencv4nodejs', 'usearch', 'hyparquet'],
  )
})

t.test('what is absent, with the command for it: no failure', async (t) => {
  const { status, diagnosis, of } = await diagnose({ PATH: '/nonexistent', FFMPEG_PATH: '' })
  t.equal(status, 0)
  t.equal(diagnosis.healthy, true)
  t.match(of('ffmpeg'), { status: 'absent', cure: /apt install ffmpeg/ })
  t.notOk('reason' in of('ffmpeg'))
})

t.test('what is here and does not work: exit status 1', async (t) => {
  const wrong = await diagnose({ FFMPEG_PATH: '/nonexistent/ffmpeg' })
  t.equal(wrong.status, 1)
  t.equal(wrong.diagnosis.healthy, false)
  t.match(wrong.of('ffmpeg'), { status: 'broken', reason: /\/nonexistent\/ffmpeg/, cure: /FFMPEG_PATH/ })

  const bare = await diagnose({ INFOMOTION_PREBUILD: '/nonexistent' })
  t.equal(bare.status, 1)
  t.match(bare.of('addon'), { status: 'broken', reason: /INFOMOTION_PREBUILD is \/nonexistent: unset it/ })
  t.notOk('instructionSet' in bare.diagnosis || 'devices' in bare.diagnosis)
})

t.test('for people', async (t) => {
  const { status, out } = await infomotion(['doctor'], {
    INFOMOTION_ISA: 'scalar',
    INFOMOTION_CUDA: '0',
    NO_COLOR: '1',
  })
  t.equal(status, 0)
  t.match(
    out,
    /^infomotion \d+\.\d+\.\d+, Node v\d+.*\nCPU: scalar instructions, \d+ threads\nGPU: none to use: .*INFOMOTION_CUDA/,
  )
  t.match(out, /\n {2}works {3}addon .* flow, features/)
  t.match(out, /\nAll that is needed is here and works\.\n$/)
  const broken = await infomotion(['doctor'], { INFOMOTION_PREBUILD: '/nonexistent', NO_COLOR: '1' })
  t.equal(broken.status, 1)
  t.match(
    broken.out,
    /\n {2}broken {2}addon .*\n {10}The native addon of infomotion did not load(.|\n)*\nSomething is broken: see above\.\n$/,
  )
})
