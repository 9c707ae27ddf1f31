import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InfomotionError } from './errors.js'

/**
 * Everything the C++ addon exports, one block a noun. `native/node/` has the other side of this contract. Arrays are
 * copied unless they lie over a SharedArrayBuffer; lengths and ranges are checked by the callers in `lib/`.
 */
export interface Native {
  /** Threads of the addon's pool: INFOMOTION_THREADS, else the number of processors. */
  readonly threads: number
}

let loaded: Native | undefined

/** The addon, loaded on first use: a prebuilt binary (`prebuilds/`), else a local build (`build/Release/`). */
export function native(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
  const require = createRequire(import.meta.url)
  try {
    return require('node-gyp-build')(root) as Native
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new InfomotionError(
      'ADDON_NOT_LOADED',
      `The native addon of infomotion did not load on ${process.platform}-${process.arch}, Node ${process.version}: ${what}. ` +
        `Expected a binary in ${join(root, 'prebuilds')} or ${join(root, 'build', 'Release')}. To build it here (CMake, a C++17 compiler): ` +
        `npm install --no-save cmake-js node-addon-api node-api-headers && npx cmake-js compile -d native -O build, in ${root}.`,
      { cause },
    )
  }
}
