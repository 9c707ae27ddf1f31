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

/** Where an optional peer is, as seen from this package or from the working directory; undefined: not installed. */
export function findPeer(module: string): string | undefined {
  for (const from of [pathToFileURL(here), join(process.cwd(), 'package.json')])
    try {
      return createRequire(from).resolve(module)
    } catch {} // looked for elsewhere
  return undefined
}

/** The version of the package that a file belongs to; undefined: it does not say. */
export function versionOf(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder))
    try {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (version) return version
    } catch {} // the package's own folder is further up
  return undefined
}
