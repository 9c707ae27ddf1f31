// `npm run sbom`: sbom.cdx.json, the software bill of materials (CycloneDX) that travels in the package: npm's own, of what
// `npm install infomotion` brings by package-lock.json, and what is compiled into the prebuilt binaries, which npm cannot
// know. Fails where a licence is not among those that a user under any licence can live with.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ALLOWED = [
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'IJG',
  'Zlib',
]
  // of GCC's run-time library, for which the exception is made
  .concat('GPL-3.0-or-later WITH GCC-exception-3.1')

const root = fileURLToPath(new URL('../..', import.meta.url))
const bill = npmSbom()
// the same bill for the same lock file, made in a folder of whatever name
delete bill.serialNumber
delete bill.metadata.timestamp
bill.metadata.component.name = 'infomotion'
const ours = bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref'])
for (const component of [...compilers().map(libstdcxx), ...jpegLibraries().map(libjpegTurbo)]) {
  component['bom-ref'] = `${component.name}@${component.version}`
  bill.components.push({ type: 'library', ...component })
  ours.dependsOn.push(component['bom-ref'])
}

const problems = bill.components
  .filter(({ licenses }) => !isAllowed(licenses))
  .map(({ name, version, licenses }) => `${name} ${version}: licence ${JSON.stringify(licenses ?? 'unknown')}`)
for (const problem of problems) console.error(`${problem} is not among those allowed (scripts/check/sbom.mjs)`)
if (problems.length > 0) process.exit(1)
writeFileSync(join(root, 'sbom.cdx.json'), `${JSON.stringify(bill, undefined, 1)}\n`)
console.log(`sbom.cdx.json: ${bill.components.length} components, every licence allowed`)

/**
 * Of what users install, and what parts of are packed (scripts/vendor.mjs). npm's own --omit=dev leaves out what development needs
 * too (npm 11): its lock file goes without.
 */
function npmSbom() {
  const folder = mkdtempSync(join(tmpdir(), 'infomotion-sbom-'))
  try {
    const { devDependencies, ...manifest } = readJson('package.json')
    const lock = readJson('package-lock.json')
    const packed = Object.fromEntries((manifest.vendored ?? []).map((name) => [name, devDependencies[name]]))
    Object.assign(manifest.dependencies, packed)
    Object.assign(lock.packages[''].dependencies, packed)
    delete lock.packages[''].devDependencies
    const kept = new Set(withTheirs(Object.keys(packed), lock.packages))
    for (const [path, { dev, peer }] of Object.entries(lock.packages))
      if ((dev && !kept.has(path)) || peer) delete lock.packages[path]
      else delete lock.packages[path].dev
    for (const [file, value] of Object.entries({ 'package.json': manifest, 'package-lock.json': lock }))
      writeFileSync(join(folder, file), JSON.stringify(value))
    const options = ['--sbom-format=cyclonedx', '--sbom-type=library', '--package-lock-only']
    return JSON.parse(execFileSync('npm', ['sbom', ...options], { cwd: folder, encoding: 'utf8' }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Places in a lock file of packages, and of what they depend on. */
function withTheirs(names, packages) {
  const places = new Set()
  const add = (name) => {
    const place = `node_modules/${name}`
    if (places.has(place) || !packages[place]) return
    places.add(place)
    for (const other of Object.keys(packages[place].dependencies ?? {})) add(other)
  }
  for (const name of names) add(name)
  return places
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'))
}

/** An identifier, or an expression (SPDX) of one operator; anything more involved is for a person to read. */
function isAllowed(licenses = []) {
  const allowed = (text) => ALLOWED.includes(text.trim())
  return (
    licenses.length > 0 &&
    licenses.every(({ license, expression }) => {
      if (!expression) return allowed(license?.id ?? license?.name ?? '')
      const bare = expression.replace(/^\((.*)\)$/, '$1')
      return bare.includes(' AND ') ? bare.split(' AND ').every(allowed) : bare.split(' OR ').some(allowed)
    })
  )
}

function libstdcxx(version) {
  const description = 'The C++ library of GCC, linked into the prebuilt addon'
  return {
    name: 'libstdc++',
    version,
    description,
    licenses: [{ expression: 'GPL-3.0-or-later WITH GCC-exception-3.1' }],
  }
}

function libjpegTurbo(version) {
  const description = 'JPEG, linked into the prebuilt addon; its source and notices: native/libjpeg-turbo.tar.xz'
  return { name: 'libjpeg-turbo', version, description, licenses: [{ expression: 'IJG AND BSD-3-Clause AND Zlib' }] }
}

function prebuilt() {
  const folder = join(root, 'prebuilds')
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
  return files.filter((file) => file.endsWith('.node')).map((file) => join(folder, file))
}

/** The versions of GCC that the prebuilt binaries are by, as these say themselves. */
function compilers() {
  const said = prebuilt().map((file) => execFileSync('readelf', ['-p', '.comment', file], { encoding: 'utf8' }))
  return distinct(said.flatMap((text) => Array.from(text.matchAll(/GCC: .* ([\d.]+)$/gm), ([, version]) => version)))
}

/** The versions of libjpeg-turbo in them, likewise. */
function jpegLibraries() {
  const found = prebuilt().map((file) => /libjpeg-turbo (\d+\.\d+\.\d+)/.exec(readFileSync(file, 'latin1')))
  return distinct(found.flatMap((match) => (match ? [match[1]] : [])))
}

function distinct(values) {
  return [...new Set(values)]
}
