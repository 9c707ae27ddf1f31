import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, fromRegistry } from '../../registry.mjs'

/** As docs/install.md has it. */
const ALLOW_BUILDS = 'allowBuilds:\n  onnxruntime-node: false\n'

/** The same for ONNX Runtime, which names its systems, as the other managers' options: Yarn 4 has none. */
const YARNRC = `enableImmutableInstalls: false
enableScripts: true
enableTelemetry: false
supportedArchitectures: { os: [none] }
`

/**
 * The package managers as people call them, but without the optional ONNX Runtime and its 290 MB: `files` of the project, `add`
 * the tarball, `run` the command line of the package.
 */
function managers(npm, cache) {
  const tools = fromRegistry('managers', {
    yarn: '1.22.22',
    '@yarnpkg/cli-dist': '4.18.1',
    '@pnpm/exe.linux-x64': '12.21.0',
    '@oven/bun-linux-x64-baseline': '1.4.5',
  })
  const yarn = [process.execPath, join(tools, 'yarn/bin/yarn.js'), '--cache-folder', join(cache, 'yarn')]
  const berry = [process.execPath, join(tools, '@yarnpkg/cli-dist/bin/yarn.js')]
  const pnpm = [join(tools, '@pnpm/exe.linux-x64/pnpm'), 'add', '--prefer-offline', '--no-optional']
  const bun = [join(tools, '@oven/bun-linux-x64-baseline/bin/bun'), 'add', '--omit=optional']
  const installed = [process.execPath, join('node_modules', 'infomotion', 'dist', 'cli.js')]
  return [
    { name: 'npm', add: [process.execPath, npm, 'install', '--prefer-offline', '--omit=optional'], run: installed },
    { name: 'Yarn 1', add: [...yarn, 'add', '--prefer-offline', '--ignore-optional'], run: installed },
    {
      name: "Yarn 4, Plug'n'Play",
      files: { '.yarnrc.yml': YARNRC },
      add: [...berry, 'add'],
      run: [...berry, 'infomotion'],
    },
    { name: 'pnpm, no scripts', add: [...pnpm, '--ignore-scripts'], run: installed },
    { name: 'pnpm, allowBuilds', files: { 'pnpm-workspace.yaml': ALLOW_BUILDS }, add: pnpm, run: installed },
    { name: 'Bun', add: bun, run: installed },
  ]
}

/**
 * Installs the tarball by each of them, with its scripts but where no compiler is to be found, into an empty project, and runs
 * the doctor and the flow of two images there. `env` has that PATH; `npm` is its script; `images` are two and their flow by OpenCV.
 */
export function installByEach(tarball, folder, { npm, env, images: [a, b, golden], say }) {
  const cache = cacheFolder('managers-cache')
  const settings = {
    ...{ BUN_INSTALL_CACHE_DIR: join(cache, 'bun'), YARN_GLOBAL_FOLDER: join(cache, 'yarn4') },
    ...{ npm_config_store_dir: join(cache, 'pnpm'), ONNXRUNTIME_NODE_INSTALL: 'skip' },
  }
  const truth = flowOf(golden)
  for (const [i, { name, files = {}, add, run }] of managers(npm, cache).entries()) {
    const started = performance.now()
    const cwd = join(folder, `by-${i}`)
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'package.json'), '{ "name": "stranger", "private": true }')
    for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text)
    const call = ([program, ...args]) =>
      spawnSync(program, args, { cwd, env: { ...asOfUser(env), ...settings }, encoding: 'utf8' })

    const install = call([...add, `infomotion@file:${tarball}`])
    assert.equal(install.status, 0, `${name} ended with ${install.status}:\n${install.stdout}${install.stderr}`)

    const doctor = call([...run, '--json', 'doctor'])
    const { findings } = JSON.parse(doctor.stdout)
    const status = Object.fromEntries(findings.map((finding) => [finding.name, finding.status]))
    const expected = { addon: 'works', 'libjpeg-turbo': 'works', 'onnxruntime-node': 'broken' }
    for (const [what, how] of Object.entries(expected))
      assert.equal(status[what], how, `${name}: ${what}\n${doctor.stdout}`)
    assert.equal(doctor.status, 1, `${name}: the default command lacks ONNX Runtime`)

    const flow = call([...run, 'flow', a, b, '-o', 'out.flo', '--gaussian', '--border', 'opencv'])
    assert.equal(flow.status, 0, `${name}: ${flow.stderr}`)
    const found = flowOf(join(cwd, 'out.flo'))
    const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - truth[i])), 0)
    assert.ok(found.length === truth.length && worst <= 2e-3, `${name}: flow is off by ${worst} px`)
    say(`${name}: installed and used, ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
}

/** Without what `npm run` tells of this repository's .npmrc, which forbids install scripts; how to reach a registry stays. */
function asOfUser(env) {
  const ours = (key) => /^npm_/i.test(key) && !/registry|proxy|cafile|npm_config_(cache|userconfig)$/i.test(key)
  return Object.fromEntries(Object.entries(env).filter(([key]) => !ours(key)))
}

/** The values of a .flo file. */
const flowOf = (path) => new Float32Array(Uint8Array.from(readFileSync(path).subarray(12)).buffer)
