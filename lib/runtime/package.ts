import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { InfomotionError } from './errors.js'

// Some bundlers leave nothing of import.meta.
const here = import.meta.url ? fileURLToPath(import.meta.url) : (process.argv[1] ?? '')
const folder = join(dirname(here), '..', '..')

/** Of this package; undefined where its code was taken out of its package, as bundlers do. */
const found = ((): { name: string; version: string } | undefined => {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return manifest.name === 'infomotion' ? manifest : undefined
  } catch (error) {
    // who may not read it must hear that, not of bundlers
    const forbidden = /^(ERR_ACCESS_DENIED|EACCES|EPERM)$/.test((error as NodeJS.ErrnoException).code ?? '')
    return forbidden ? { name: 'infomotion', version: 'unknown' } : undefined
  }
})()

/** Of this package. */
export const version = found?.version ?? 'bundled'

/** Finds what this package depends on. */
export const require = createRequire(pathToFileURL(here))

/**
 * The folder of this package, which holds what its code loads at run time: the addon, the modules of its workers, models.
 *
 * @throws `ADDON_NOT_LOADED` where the code lies elsewhere
 */
export function packageFolder(): string {
  if (found) return folder
  throw new InfomotionError(
    'ADDON_NOT_LOADED',
    `infomotion runs from ${here}, outside its package: a bundler has put it there, without its native addon, workers ` +
      'and models. Leave it out of the bundle (esbuild: --external:infomotion; webpack: externals; Rollup: external; Vite: ssr.external; ' +
      'Next.js: serverExternalPackages), and install it where the bundle runs (npm install infomotion).',
  )
}

/** A module of this package that runs in a thread or process of its own; `path` is below `dist/`, as this one's source below `lib/`. */
export function moduleUrl(path: string): URL {
  return pathToFileURL(join(packageFolder(), 'dist', path))
}
