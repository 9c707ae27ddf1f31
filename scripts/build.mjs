// Every step of the build, for all who need something built: `node scripts/build.mjs STEP...`, or these functions. A step
// that has nothing to do costs next to nothing; what the tools say goes to stderr, so that stdout is the caller's.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { libjpegTurbo } from './libjpeg-turbo.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => join(root, 'node_modules', '.bin', name)
const jobs = () => process.env.JOBS ?? String(availableParallelism())

export const STEPS = {
  /** build/Release/infomotion.node: cmake-js, Ninja. */
  addon: () => addon('build', 'Release'),
  /** dist/, with what it holds of other packages. */
  async library() {
    await typescript('tsconfig.json', ['lib'], 'dist/index.js')
    await vendored()
  },
  /** build/test/: the tests, and those scripts that are TypeScript. */
  tests: () => typescript('test/tsconfig.json', ['test', 'scripts', 'dist'], 'build/test/test/support.js'),
  /** build/core/: the tests and benchmarks of the core, of the same objects as the addon. After `addon`. */
  core: () => run('cmake', '--build', 'build', '--target', 'programs', '--parallel', jobs()),
  /** The CUDA plugin beside the addon; needs nvcc. */
  async cuda() {
    await run('cmake', '-S', 'native', '-B', 'build/cuda', '-DCMAKE_BUILD_TYPE=Release', '-DINFOMOTION_CUDA=ON')
    await run('cmake', '--build', 'build/cuda', '--parallel', jobs())
  },
  /** build/asan/build/: addon and core_test under AddressSanitizer and UndefinedBehaviorSanitizer. */
  async asan() {
    await addon('build/asan/build', 'Debug', '--CDINFOMOTION_SANITIZE=address,undefined', '--CDCMAKE_CXX_COMPILER=g++')
    await run('cmake', '--build', 'build/asan/build', '--target', 'core_test', '--parallel', jobs())
  },
  /** build/tsan/core_test, under ThreadSanitizer. */
  tsan: () => core('build/tsan', 'Debug', process.arch, '-DINFOMOTION_SANITIZE=thread'),
  /** build/arm64/core_test, for an emulator. */
  arm64: () =>
    core(
      'build/arm64',
      'Release',
      'arm64',
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      '-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc',
      '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
    ),
  /** build/fuzz/: the programs of native/fuzz/, libFuzzer with the same sanitizers; needs clang. */
  async fuzz() {
    const clang = ['-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_CXX_COMPILER=clang++', '--log-level=WARNING']
    const options = ['-DINFOMOTION_FUZZ=ON', '-DINFOMOTION_SANITIZE=address,undefined']
    await run('cmake', '-S', 'native', '-B', 'build/fuzz', ...clang, ...options, ...jpeg(process.arch))
    await run('cmake', '--build', 'build/fuzz', '--parallel', jobs())
  },
}

export async function build(...steps) {
  for (const step of steps) await STEPS[step]()
}

/** Runs a tool in the repository; where it fails, this process ends with its status. */
async function run(command, ...args) {
  const child = spawn(command, args, { cwd: root, env: environment(), stdio: ['ignore', 'pipe', 2] })
  createInterface(child.stdout).on('line', (line) => {
    if (line !== 'ninja: no work to do.') console.error(line)
  })
  const status = await new Promise((resolve) => {
    child.on('close', resolve).on('error', ({ message }) => {
      console.error(message)
      resolve(1)
    })
  })
  if (status !== 0) process.exit(status || 1)
}

/** With ccache where it is installed, unless the caller has chosen: the core is compiled for many builds. */
function environment() {
  const installed = process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, 'ccache')))
  const launchers = { CMAKE_C_COMPILER_LAUNCHER: 'ccache', CMAKE_CXX_COMPILER_LAUNCHER: 'ccache' }
  return { ...(installed ? launchers : {}), ...process.env }
}

/** What CMake is told of libjpeg-turbo; `-D` of cmake is `--CD` of cmake-js. */
function jpeg(processor, flag = '-D') {
  return Object.entries(libjpegTurbo(processor)).map(([name, value]) => `${flag}${name}=${value}`)
}

async function addon(folder, type, ...options) {
  const more = [...jpeg(process.arch, '--CD'), '-p', jobs(), '-l', 'warn']
  await run(
    bin('cmake-js'),
    'compile',
    '-d',
    'native',
    '-O',
    folder,
    `--CDCMAKE_BUILD_TYPE=${type}`,
    ...options,
    ...more,
  )
}

async function core(folder, type, processor, ...options) {
  const common = [`-DCMAKE_BUILD_TYPE=${type}`, '--log-level=WARNING', ...jpeg(processor)]
  await run('cmake', '-S', 'native', '-B', folder, ...common, ...options)
  await run('cmake', '--build', folder, '--target', 'core_test', '--parallel', jobs())
}

/** Compiles a project, unless its inputs (folders) have the names, sizes and times that they had the last time. */
async function typescript(project, folders, output) {
  const inputs = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
  )
  const files = ['package-lock.json', 'tsconfig.json', project, ...inputs.filter(isSource).sort()]
  const stamp = join(root, 'build', `${project.replaceAll('/', '-')}.stamp`)
  if (existsSync(join(root, output)) && isStamped(stamp, files)) return
  const state = stateOf(files)
  await run(bin('tsc'), '-p', project)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, state)
}

/**
 * The parts of other packages in dist/vendor/, wherever the compiler wrote its own modules there again: a tarball with those
 * would miss what it is not told to install. Without esbuild they stay, and lead to node_modules/.
 */
async function vendored() {
  const files = () =>
    ['package-lock.json', 'scripts/vendor.mjs', 'lib/vendor', 'dist/vendor'].flatMap((path) =>
      statSync(join(root, path)).isFile() ? path : readdirSync(join(root, path)).map((name) => join(path, name)),
    )
  const stamp = join(root, 'build', 'vendor.stamp')
  if (isStamped(stamp, files())) return
  const { vendor } = await import('./vendor.mjs')
  try {
    vendor()
    writeFileSync(stamp, stateOf(files()))
  } catch (error) {
    console.error(`dist/vendor/ leads to node_modules/, not to be packed ("npm run vendor" mends it): ${error.message}`)
  }
}

/** Names, sizes and times of files. */
function stateOf(files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file))
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

const isStamped = (stamp, files) => existsSync(stamp) && readFileSync(stamp, 'utf8') === stateOf(files)

/** dist/ is an input by its declarations: what the code in it does concerns nobody's types. */
function isSource(file) {
  return file.startsWith('dist') ? file.endsWith('.d.ts') : file.endsWith('.ts')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const steps = process.argv.slice(2)
  const unknown = steps.filter((step) => !Object.hasOwn(STEPS, step))
  if (steps.length === 0 || unknown.length > 0) {
    console.error(`Expected some of ${Object.keys(STEPS).join(', ')}, got ${unknown.join(', ') || 'none'}.`)
    process.exit(2)
  }
  await build(...steps)
}
