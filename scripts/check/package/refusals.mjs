import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromRegistry } from '../../registry.mjs'

/** Calls what needs the addon, and prints how that ended. Without top-level await, which CommonJS bundles lack. */
const PROGRAM = `import { doctor, readClip, writeClip } from 'infomotion'
import { farneback } from 'infomotion/flow'
import { infomap } from 'infomotion/infomap'
const calls = {
  flow: () => farneback(new Uint8Array(3 * 32 * 32), { width: 32, height: 32 }),
  infomap: () => infomap({ sources: Uint32Array.of(0, 1), targets: Uint32Array.of(1, 0) }),
  read: () => readClip(process.argv[2]),
  write: () => writeClip('written.avi', { frames: new Uint8Array(1024), count: 1, width: 32, height: 32 }, { fps: 30 }),
  addon: async () => {
    const { status, reason } = (await doctor()).findings[0]
    if (status !== 'works') throw Object.assign(new Error(reason), { code: 'ADDON_NOT_LOADED' })
  },
}
const main = async () => {
  const said = {}
  for (const name in calls)
    said[name] = await calls[name]().then(() => 'done', (error) => error.code + ' ' + error.message)
  console.log(JSON.stringify(said))
}
main()
`

/**
 * What the addon's loader says in a bundle, and under Node's permission model: in the project, where the package is installed.
 * `clip`: one of Motion JPEG, in the project.
 */
export function refuse(project, clip, nodes) {
  writeFileSync(join(project, 'refused.mjs'), PROGRAM)
  const run = ([program, ...args]) => JSON.parse(execFileSync(program, args, { cwd: project, encoding: 'utf8' }))
  const all = (said, pattern, which) => {
    for (const [name, words] of Object.entries(said)) assert.match(words, pattern, `${which}: ${name}`)
  }

  const esbuild = join(fromRegistry('bundlers', { '@esbuild/linux-x64': '0.28.2' }), '@esbuild/linux-x64/bin/esbuild')
  for (const [format, file] of Object.entries({ esm: 'bundle.mjs', cjs: 'bundle.cjs' })) {
    const bundle = (...options) =>
      execFileSync(
        esbuild,
        ['refused.mjs', '--bundle', '--platform=node', `--format=${format}`, '--log-level=error', ...options],
        { cwd: project },
      )
    bundle(`--outfile=${join('out', file)}`)
    all(
      run([process.execPath, join('out', file), clip]),
      /^ADDON_NOT_LOADED .*--external:infomotion/,
      `bundle, ${format}`,
    )
    bundle(`--outfile=${join('out', file)}`, '--external:infomotion')
    all(run([process.execPath, join('out', file), clip]), /^done$/, `bundle, ${format}, external`)
  }

  for (const { name, command } of nodes) {
    const permission = / 20\./.test(name) ? '--experimental-permission' : '--permission'
    const node = (...flags) => run([...command, '--no-warnings', permission, ...flags, 'refused.mjs', clip])
    const writing = `--allow-fs-write=${project}/`
    all(node('--allow-fs-read=*', '--allow-child-process'), /^ADDON_NOT_LOADED .*--allow-addons/, name)
    const reading = `--allow-fs-read=${project}/`
    all(node(reading, writing, '--allow-addons', '--allow-child-process'), /^done$/, `${name}, ${reading}`)
    const granted = ['--allow-fs-read=*', writing, '--allow-addons', '--allow-worker', '--allow-child-process']
    all(node(...granted), /^done$/, name)
  }
}
