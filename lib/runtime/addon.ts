import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { elfProblem } from './elf.js'
import { InfomotionError, permissionCure } from './errors.js'
import { packageFolder } from './package.js'
import { libc } from './versions.js'

/** What `npm run prebuild` makes, and the oldest system that it asks for. */
const PREBUILT = 'linux-x64 and linux-arm64 with glibc 2.17 or newer'

/** A file that is there and can be seen not to load. */
class Unloadable extends Error {}

/**
 * Loads the native addon: a local build (`build/Release/`), else the prebuilt binary (`prebuilds/`), of this package or of
 * the folder INFOMOTION_PREBUILD.
 *
 * @throws `ADDON_NOT_LOADED`, with the cure
 */
export function loadAddon(): unknown {
  const root = packageFolder()
  const from = process.env.INFOMOTION_PREBUILD || root
  const linux = process.platform === 'linux'
  const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, `infomotion${linux ? '.glibc' : ''}.node`)
  const paths = [join('build', 'Release', 'infomotion.node'), prebuilt].map((path) => join(from, path))
  try {
    const path = paths.find(isThere)
    if (!path) throw new Unloadable(`there is neither ${paths.join(' nor ')}`)
    const problem = linux ? elfProblem(path) : undefined
    if (problem) throw new Unloadable(`${path}: ${problem}`)
    const module = { exports: {} }
    process.dlopen(module, path) // as require does, which some bundlers take away
    return module.exports
  } catch (error) {
    throw notLoaded('The native addon of infomotion', error, cureOf(error, root, from))
  }
}

/** @throws where it is there and cannot be read */
function isThere(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch (error) {
    if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** The error for a native module (this package's, or one that it depends on) that was not loaded, with the cure. */
export function notLoaded(what: string, cause: unknown, cure: string): InfomotionError {
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0].replace(/\.$/, '')
  return new InfomotionError(
    'ADDON_NOT_LOADED',
    `${what} did not load on ${process.platform}-${process.arch}${inParentheses(libc())}, Node ${process.version}: ` +
      `${why}. ${permissionCure(cause) ?? cure}`,
    { cause },
  )
}

function cureOf(error: unknown, root: string, from: string): string {
  if (from !== root)
    return `INFOMOTION_PREBUILD is ${from}: unset it, or let it name a folder with build/Release or prebuilds in it.`
  const build =
    `cd ${root} && npm install --no-save --omit=dev cmake-js node-addon-api node-api-headers && ` +
    'npx cmake-js compile -d native -O build --CDCMAKE_BUILD_TYPE=Release'
  const platform = `${process.platform}-${process.arch}`
  if (/^linux-(x64|arm64)$/.test(platform) && libc() !== 'musl' && error instanceof Unloadable)
    return (
      `The package has a binary for this platform: install it anew, on this machine (npm install infomotion), and where ` +
      `only some of its files are deployed, keep its folder whole. In a checkout: npm run compile. To build one here: ${build}`
    )
  return (
    `The package has binaries for ${PREBUILT}; musl, macOS and Windows build their own. To build one here (CMake, a ` +
    `C++17 compiler): ${build}`
  )
}

const inParentheses = (text: string | undefined) => (text ? ` (${text})` : '')
