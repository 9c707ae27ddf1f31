// What a stranger gets: packs the package with its prebuilt binaries and bill of materials and installs the tarball, install
// scripts disabled, into an empty project where no compiler is to be found; there, on each version of Node that is
// supported, on arm64, and with and without the optional dependency, a small real use of every entry runs
// (scripts/check/package/stranger.mjs), and what must fail does so by name (refusals.mjs). The other package managers install
// it too (managers.mjs).
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installByEach } from './package/managers.mjs'
import { nodes } from './package/nodes.mjs'
import { refuse } from './package/refusals.mjs'

/** MiB packed and unpacked; some room above what it is. */
const LIMITS = { packed: 4, unpacked: 8.5 }

/** What an installation may be, without the optional ONNX Runtime: packages with this one, and MB (10^6) of all their files. */
const INSTALLED = { packages: 40, megabytes: 12 }

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = (command, args, { cwd = root, env = process.env } = {}) =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const say = (line) => console.log(`package check: ${line}`)
const bin = (name) => join(root, 'node_modules', '.bin', name)

process.stdout.write(run('npm', ['run', '--silent', 'prebuild']))
run('npm', ['run', '--silent', 'compile:ts'])
run('npm', ['run', '--silent', 'docs'])
process.stdout.write(run('npm', ['run', '--silent', 'sbom']))
const folder = mkdtempSync(join(tmpdir(), 'infomotion-package-'))
try {
  const tarball = pack()
  strangers(tarball)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Packs, and looks at what was packed. */
function pack() {
  run(bin('publint'), ['--strict'])
  const [{ filename, size, unpackedSize, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder]),
  )
  const tarball = join(folder, filename)
  // CommonJS gets ES modules, which Node requires since 20.19: "node16 (from CJS)" is meant so.
  run(bin('attw'), [
    tarball,
    '--ignore-rules',
    'cjs-resolves-to-esm',
    '--profile',
    'node16',
    '--no-color',
    '--format',
    'ascii',
  ])
  const paths = files.map(({ path }) => path)
  const stray = paths.filter((path) => /\.(ts|tsbuildinfo|npy|avi|log)$/.test(path) && !path.endsWith('.d.ts'))
  assert.deepEqual(stray, [], 'files that do not belong in the package')
  assert.ok(!paths.includes('binding.gyp'), 'Yarn takes a binding.gyp for an install script')
  const { core, node, video, cuda } = JSON.parse(readFileSync(join(root, 'native', 'sources.json'), 'utf8'))
  const wanted = [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'sbom.cdx.json',
    'docs/errors.md',
    'docs/install.md',
    'docs/api/index.md',
    'dist/cli.js',
    'dist/vendor/LICENSES.txt',
    'models/zoo.json',
    // what docs/install.md and docs/cuda.md build from source
    ...[
      'sources.json',
      'package.json',
      'CMakeLists.txt',
      'libjpeg-turbo.cmake',
      'libjpeg-turbo.tar.xz',
      'node/exports.map',
      'cuda/exports.map',
      ...core,
      ...video.core,
      ...node,
      ...video.node,
      ...cuda,
    ].map((path) => `native/${path}`),
  ]
  for (const path of wanted) assert.ok(paths.includes(path), `${path} is not in the package`)
  const mib = (bytes) => bytes / 2 ** 20
  say(`${files.length} files, ${mib(size).toFixed(2)} MiB, unpacked ${mib(unpackedSize).toFixed(2)} MiB`)
  assert.ok(
    mib(size) <= LIMITS.packed && mib(unpackedSize) <= LIMITS.unpacked,
    'the package has grown beyond its limits',
  )
  return tarball
}

/** Installs and uses the tarball where nothing but Node, npm and a shell can be found. */
function strangers(tarball) {
  const path = join(folder, 'bin')
  const project = join(folder, 'project')
  for (const made of [path, project]) mkdirSync(made)
  symlinkSync(process.execPath, join(path, 'node'))
  symlinkSync('/bin/sh', join(path, 'sh'))
  const env = { ...process.env, PATH: path }
  const npm = realpathSync(findOnPath('npm'))
  const install = (...args) =>
    run(process.execPath, [npm, 'install', '--no-audit', '--no-fund', '--silent', '--prefer-offline', ...args], {
      cwd: project,
      env,
    })
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  copyFileSync(join(root, 'scripts', 'check', 'package', 'stranger.mjs'), join(project, 'stranger.mjs'))

  install('--ignore-scripts', '--omit=optional', tarball)
  expectSmall(join(project, 'node_modules'))
  const command = (args) =>
    run(process.execPath, [join(project, 'node_modules', '.bin', 'infomotion'), ...args], { cwd: project, env })
  command(['phantom', 'phantom', '--train', '4', '--test', '2', '--seed', '3'])
  const use = ({ name, command: [program, ...options] }, out, ...without) => {
    const started = performance.now()
    const args = [...options, 'stranger.mjs', join(root, 'test', 'fixtures'), 'phantom', out, ...without]
    const said = JSON.parse(run(program, args, { cwd: project, env }))
    say(
      `${name}${without.length > 0 ? ', no ONNX Runtime' : ''}: used, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    )
    return said
  }
  const { x64, arm64 } = nodes()
  const clip = readdirSync(join(project, 'phantom', 'Videos'))[0]
  refuse(project, join('phantom', 'Videos', clip), x64)
  say('in a bundle, and under --permission: refused by name, with the cure')
  const images = ['a.pgm', 'b.pgm', 'flo'].map((end) =>
    join(root, 'test', 'fixtures', 'farneback-golden', `gauss112.${end}`),
  )
  installByEach(tarball, folder, { npm, env, images, say })
  const without = x64.map((node, i) => use(node, `without-${i}`, 'without-onnxruntime'))
  for (const said of without) assert.deepEqual(said, without[0], 'results differ between versions of Node')
  assert.deepEqual(use(arm64, 'arm64', 'without-onnxruntime').everywhere, without[0].everywhere)

  // CMake finds all that the addon is built from; compiling it would only take time
  const native = join(project, 'node_modules', 'infomotion', 'native')
  run('cmake', ['-S', native, '-B', join(folder, 'from-source'), '-DCMAKE_JS_VERSION=8', '--log-level=WARNING'])

  // what the error says to do about ONNX Runtime
  env.ONNXRUNTIME_NODE_INSTALL = 'skip'
  install('onnxruntime-node')
  assert.equal(JSON.parse(command(['doctor', '--json'])).healthy, true)
  const all = x64.map((node, i) => use(node, `with-${i}`))
  for (const said of all) assert.deepEqual(said, all[0], 'results differ between versions of Node')
  assert.deepEqual({ ...all[0].here, evaluation: undefined }, { ...without[0].here, evaluation: undefined })
}

/** The bar of what a user gets: files' lengths, so that the same comes out on every file system. */
function expectSmall(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  const megabytes = paths.reduce((sum, path) => sum + statSync(path).size, 0) / 1e6
  const packages = paths.filter((path) => /node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path)).length
  say(`installed without ONNX Runtime: ${packages} packages, ${megabytes.toFixed(2)} MB`)
  assert.ok(
    packages <= INSTALLED.packages && megabytes <= INSTALLED.megabytes,
    `an installation may be ${INSTALLED.packages} packages and ${INSTALLED.megabytes} MB`,
  )
}

function findOnPath(name) {
  const folder = process.env.PATH.split(delimiter).find((folder) => existsSync(join(folder, name)))
  assert.ok(folder, `${name} is not on PATH`)
  return join(folder, name)
}
