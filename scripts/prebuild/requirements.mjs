import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

/** What a binary may ask of the system: glibc of RHEL 7. Node 20 and later ask for 2.28, and for these libraries themselves. */
export const FLOOR = { GLIBC: '2.17', GCC: '4.2.0' }
const LIBRARIES = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'libgcc_s.so.1']

/** What an ELF file of any processor asks for: libraries, and of each family of symbol versions the highest. */
export function requirements(binary) {
  const read = (option) => execFileSync('readelf', ['--wide', option, binary], { encoding: 'utf8' })
  const libraries = Array.from(read('--dynamic').matchAll(/\(NEEDED\).*\[(.+)\]/g), ([, name]) => name)
  const needs = read('--version-info').split('.gnu.version_r')[1] ?? ''
  const versions = {}
  for (const [, family, version] of needs.matchAll(/Name: ([A-Z]+)_([\d.]+)/g))
    if (!(compareVersions(version, versions[family] ?? '0') <= 0)) versions[family] = version
  const symbols = Array.from(read('--dyn-syms').matchAll(/ UND (\S+@\S+)/g), ([, symbol]) => symbol)
  const stripped = !read('--sections').includes('.symtab')
  return { libraries, versions, symbols, stripped }
}

/** Fails where a binary asks for a newer system than is stated, and names the symbols that do. */
export function expectFloor(binary, { libraries, versions, symbols, stripped }) {
  const problems = libraries
    .filter((name) => !LIBRARIES.includes(name) && !name.startsWith('ld-linux'))
    .map((name) => `it needs ${name}, which a system without compiler may lack`)
  for (const [family, version] of Object.entries(versions))
    if (compareVersions(version, FLOOR[family] ?? '0') > 0) {
      const guilty = symbols.filter((symbol) => symbol.endsWith(`@${family}_${version}`))
      problems.push(
        `it needs ${family} ${version}, above the floor of ${FLOOR[family] ?? 'none'}, for ${guilty.join(', ')}: ` +
          'where an older version of these exists, scripts/prebuild/floor.mjs can ask for it; else do without them',
      )
    }
  if (!stripped) problems.push('it is not stripped')
  if (problems.length > 0) throw new Error(`${basename(binary)}: ${problems.join('; ')}`)
}

export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
