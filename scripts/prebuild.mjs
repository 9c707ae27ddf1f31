// `npm run prebuild [-- linux-x64 linux-arm64]`: the binaries that travel inside the package, stripped, one folder a platform:
// prebuilds/linux-x64/infomotion.glibc.node. prebuildify (node-gyp, binding.gyp) builds them in a copy of the native
// sources, so that the development build in build/ is left alone. Compilers: g++, and aarch64-linux-gnu-g++ for arm64
// (Debian: scripts/debian-packages.sh). They ask for no newer system than Node does (scripts/prebuild/floor.mjs), and are
// hardened (native/sources.json); both is checked. The CUDA plugin is not among them (docs/cuda.md says how to build it).
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { libjpegTurbo } from './libjpeg-turbo.mjs'
import { oldVersions } from './prebuild/floor.mjs'
import { expectHardened } from './prebuild/hardening.mjs'
import { missingTools, PLATFORMS } from './prebuild/platforms.mjs'
import { expectFloor, requirements } from './prebuild/requirements.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const asked = process.argv.slice(2)
const known = Object.keys(PLATFORMS)
const unknown = asked.filter((platform) => !known.includes(platform))
if (unknown.length > 0) refuse(`Expected platforms of ${known.join(', ')}, got ${unknown.join(', ')}.`)
const wanted = asked.length > 0 ? asked : known
const missing = missingTools(wanted)
if (missing.length > 0)
  refuse(
    `Not found on PATH: ${missing.join('; ')}. "npm run prebuild -- PLATFORM" builds for one of ${known.join(', ')}.`,
  )

const work = join(root, 'build', 'prebuild')
rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
for (const name of ['package.json', 'binding.gyp', 'native'])
  cpSync(join(root, name), join(work, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(work, 'node_modules'))

// node-gyp wants Node's headers; those beside this Node serve where they cannot be downloaded.
const beside = dirname(dirname(process.execPath))
const headers = existsSync(join(beside, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: beside } : {}
const launcher = process.env.CMAKE_CXX_COMPILER_LAUNCHER ? `${process.env.CMAKE_CXX_COMPILER_LAUNCHER} ` : ''

for (const platform of wanted) {
  const { arch, tools, oldest, processor } = PLATFORMS[platform]
  rmSync(join(root, 'prebuilds', platform), { recursive: true, force: true })
  const options = ['--napi', '--name=infomotion', '--tag-libc=glibc', '--strip', '--quiet']
  execFileSync(
    join(root, 'node_modules/.bin/prebuildify'),
    [...options, `--arch=${arch}`, `--cwd=${work}`, `--out=${root}`],
    {
      cwd: work,
      env: {
        ...process.env,
        ...headers,
        CC: `${launcher}${tools}gcc`,
        CXX: `${launcher}${tools}g++`,
        AR: `${tools}ar`,
        PREBUILD_STRIP_BIN: `${tools}strip`,
        LIBJPEG_TURBO: buildLibjpegTurbo(arch, tools && processor, tools),
        LDFLAGS: oldVersions(`${tools}gcc`, oldest, join(work, 'floor', platform)).join(' '),
        JOBS: String(availableParallelism()),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const binary = join(root, 'prebuilds', platform, 'infomotion.glibc.node')
  const needs = requirements(binary)
  expectFloor(binary, needs)
  expectHardened(binary)
  console.log(
    `${relative(root, binary)}: ${(statSync(binary).size / 1024).toFixed(0)} KiB, glibc ${needs.versions.GLIBC}`,
  )
}

/** libjpeg-turbo for a processor, of another kind than this machine's by its own tools: the folder with include/ and lib/. */
function buildLibjpegTurbo(arch, foreign, tools) {
  const { LIBJPEG_TURBO_BUILD: folder, ...others } = libjpegTurbo(arch)
  const settings = {
    ...{ LIBJPEG_TURBO_BUILD: folder, ...others },
    ...(foreign && { CMAKE_C_COMPILER: `${tools}gcc` }),
    ...(foreign && { CMAKE_SYSTEM_NAME: 'Linux', CMAKE_SYSTEM_PROCESSOR: foreign }),
  }
  const definitions = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)
  execFileSync('cmake', [...definitions, '-P', join(root, 'native', 'libjpeg-turbo.cmake')], { stdio: 'inherit' })
  const built = join(folder, 'prefix')
  if (!existsSync(built)) refuse('The binaries of the package want JPEG: see above for the source of libjpeg-turbo.')
  return built
}

function refuse(message) {
  console.error(message)
  process.exit(1)
}
