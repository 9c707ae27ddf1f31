// What a stranger gets: packs the package with a prebuilt binary, installs the tarball into an empty project with
// install scripts disabled, imports and requires every entry, runs the embedded model, and the
// command line once.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (command, args, cwd = root, env = {}) =>
  execFileSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })

// node-gyp wants Node's headers; those beside this Node serve where they cannot be downloaded.
const beside = dirname(dirname(process.execPath))
const headers = existsSync(join(beside, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: beside } : {}
rmSync(join(root, 'prebuilds'), { recursive: true, force: true })
const before = existsSync(join(root, 'build', 'Release', 'infomotion.node'))
run('node_modules/.bin/prebuildify', ['--napi', '--strip', '--name', 'infomotion', '--out', root], root, headers)
// prebuildify moves build/Release/*.node away: the development build is made again.
if (before) run('npm', ['run', '--silent', 'compile:native'])
run('npm', ['run', '--silent', 'compile:ts'])

run('node_modules/.bin/publint', ['--strict'])
const folder = mkdtempSync(join(tmpdir(), 'infomotion-package-'))
try {
  run('npm', ['pack', '--silent', '--pack-destination', folder])
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  run('npm', ['install', '--ignore-scripts', '--silent', '--no-audit', '--no-fund', join(folder, tarball)], folder)
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { createRequire } from 'node:module'
     import { similarityGraph } from 'infomotion/graph'
     import { infomap } from 'infomotion/infomap'
     const require = createRequire(import.meta.url)
     for (const entry of ['', '/flow', '/infomap', '/graph', '/onnx']) {
       const names = Object.keys(await import('infomotion' + entry)).sort().join()
       const required = Object.keys(require('infomotion' + entry)).sort().join()
       if (names.length === 0 || names !== required) throw new Error('infomotion' + entry + ': ' + names + ' | ' + required)
     }
     const values = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === (i >> 1 < 10 ? 0 : 1) ? 1 : 0.1 * (i % 7)))
     const { modules } = await infomap(await similarityGraph({ rows: 20, dim: 2, values }, { k: 4 }), { twoLevel: true })
     if (modules.length !== 20) throw new Error('expected 20 nodes, got ' + modules.length)
     const { createEncoder } = await import('infomotion')
     const encoder = await createEncoder()
     const volume = { values: new Uint8Array(64 * 3 * 56 * 56).fill(128), frames: 64, side: 56 }
     for await (const embedding of encoder.encode([volume]))
       if (!embedding.every(Number.isFinite)) throw new Error('the embedded model gave ' + embedding)
     await encoder.close()
     console.log('ok')`,
  )
  const said = run(process.execPath, ['use.mjs'], folder).trim()
  const version = run(join(folder, 'node_modules', '.bin', 'infomotion'), ['--version'], folder).trim()
  if (said !== 'ok') throw new Error(`the installed package said ${JSON.stringify(said)}`)
  const files = run('tar', ['-tzf', join(folder, tarball)])
    .trim()
    .split('\n')
  const stray = files.filter((file) => /\.(ts|tsbuildinfo|npy|avi|log)$/.test(file) && !file.endsWith('.d.ts'))
  if (stray.length > 0) throw new Error(`files that do not belong in the package: ${stray.join(', ')}`)
  console.log(
    `package check: ${tarball} (${files.length} files), infomotion ${version} installs, imports, requires, runs`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
