// Puts those parts of the packages in package.json's list "vendored" that are used into the modules of dist/vendor/, which
// lead to node_modules/ as they are compiled: what users install is a fifth of these packages then. Their licences go along
// (dist/vendor/LICENSES.txt). By esbuild, out of the registry, kept outside the repository. Every build does it (build.mjs), so
// that nobody packs without; `npm run vendor` fails where it cannot be done.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromRegistry } from './registry.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist', 'vendor')

/** Writes dist/vendor/; throws where esbuild cannot be had. */
export function vendor() {
  const name = `@esbuild/${process.platform}-${process.arch}`
  const esbuild = join(fromRegistry('bundlers', { [name]: '0.28.2' }), name, 'bin', 'esbuild')
  const { vendored } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  const used = new Set()
  for (const file of readdirSync(join(root, 'lib', 'vendor'))) {
    const isCommon = file.endsWith('.cts')
    const out = join(folder, file.replace(/\.(c?)ts$/, '.$1js'))
    const meta = join(folder, 'meta.json')
    const options = ['--bundle', '--platform=node', '--target=node20', `--format=${isCommon ? 'cjs' : 'esm'}`]
    const quiet = ['--log-level=warning', '--legal-comments=none']
    execFileSync(
      esbuild,
      [
        join('lib', 'vendor', file),
        ...options,
        ...quiet,
        `--outfile=${out}`,
        '--allow-overwrite',
        `--metafile=${meta}`,
      ],
      { cwd: root, stdio: 'inherit' },
    )
    const { inputs, outputs } = JSON.parse(readFileSync(meta, 'utf8'))
    rmSync(meta)
    for (const path of Object.keys(inputs)) {
      const [, owner] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
      if (owner) used.add(owner)
    }
    const outside = Object.values(outputs).flatMap(({ imports }) =>
      imports.flatMap(({ path }) => (isBuiltin(path) ? [] : [path])),
    )
    if (outside.length > 0) throw new Error(`${file} still needs ${outside.join(', ')}`)
  }

  const missing = vendored.filter((one) => !used.has(one))
  if (missing.length > 0) throw new Error(`package.json lists as vendored what nothing uses: ${missing.join(', ')}`)
  const notices = [...used].sort().map(noticeOf)
  writeFileSync(
    join(folder, 'LICENSES.txt'),
    `The modules beside this file hold parts of these packages:\n\n${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`,
  )
  const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  console.error(`dist/vendor/: parts of ${[...used].sort().join(', ')}; ${Math.round(bytes / 1024)} KiB`)
}

/** Name, version and licence of a package, with the text of the latter. */
function noticeOf(owner) {
  const at = join(root, 'node_modules', owner)
  const { version, license } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
  const file = readdirSync(at).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry))
  if (!file || !existsSync(join(at, file))) throw new Error(`${owner} brings no text of its licence`)
  return `${owner} ${version} (${license})\n\n${readFileSync(join(at, file), 'utf8').trim()}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) vendor()
