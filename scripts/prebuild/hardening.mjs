import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

/** All that Node looks up in an addon (native/node/exports.map). */
const ENTRY = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']

/** What an ELF file of any processor lacks of what native/sources.json asks for, in words. */
export function weaknesses(binary) {
  const read = (option) => execFileSync('readelf', ['--wide', option, binary], { encoding: 'utf8' })
  const dynamic = read('--dynamic')
  const segments = read('--program-headers')
  const symbols = read('--dyn-syms').split('\n')
  const named = symbols.map((line) => line.trim().split(/\s+/)).filter((fields) => fields.length >= 8)
  const needed = named.filter(([, , , , , , section]) => section === 'UND').map((fields) => fields[7].split('@')[0])
  const exported = named
    .filter(([, , , , bind, , section]) => /^(GLOBAL|WEAK|UNIQUE)$/.test(bind) && section !== 'UND')
    .map((fields) => fields[7])
  const stray = exported.filter((name) => !ENTRY.includes(name))
  const checked = needed.filter((name) => /^__\w+_chk$/.test(name))
  return [
    !needed.includes('__stack_chk_fail') && 'no stack protector (-fstack-protector-strong)',
    checked.length === 0 && 'no checked function of the C library (-D_FORTIFY_SOURCE=2)',
    !/ GNU_RELRO /.test(segments) && 'no RELRO (-z relro)',
    !/\bNOW\b|BIND_NOW/.test(dynamic) && 'no immediate binding, without which RELRO is partial (-z now)',
    !/ GNU_STACK .* RW /.test(segments) && 'an executable stack (-z noexecstack)',
    /\bTEXTREL\b/.test(dynamic) && 'relocations in its code (TEXTREL)',
    /\((RPATH|RUNPATH)\)/.test(dynamic) && 'a path to search libraries in (RPATH)',
    !exported.includes(ENTRY[0]) && `no entry, ${ENTRY[0]}`,
    stray.length > 0 && `${stray.length} exported symbols besides its entry (${stray.slice(0, 3).join(', ')})`,
  ].filter((weakness) => weakness !== false)
}

/** Fails where an addon lacks any of that. */
export function expectHardened(binary) {
  const found = weaknesses(binary)
  if (found.length > 0) throw new Error(`${basename(binary)} has ${found.join('; ')}`)
}
