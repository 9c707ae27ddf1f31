import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A folder of what scripts keep outside the repository (INFOMOTION_CACHE, default ~/.cache/infomotion). */
export function cacheFolder(name) {
  const folder = join(process.env.INFOMOTION_CACHE ?? join(homedir(), '.cache', 'infomotion'), name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** The `node_modules` of such a folder with just these packages in it, of those exact versions: installed at most once. */
export function fromRegistry(name, dependencies) {
  const folder = cacheFolder(name)
  const manifest = join(folder, 'package.json')
  const wanted = JSON.stringify({ private: true, dependencies })
  const installed = join(folder, 'installed')
  if (!existsSync(installed) || readFileSync(manifest, 'utf8') !== wanted) {
    writeFileSync(manifest, wanted)
    // --force: some of them are for another processor than this
    const options = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--silent']
    // exact versions need not be asked for again; without a network this fails within seconds
    const network = ['--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=20000']
    execFileSync('npm', ['install', ...options, ...network], { cwd: folder, stdio: 'inherit' })
    writeFileSync(installed, '')
  }
  return join(folder, 'node_modules')
}
