import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { root, temporary } from './support.js'

t.setTimeout(120_000)

/** Runs a script of ours: exit status and what it says. */
function script(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ status: unknown; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { env: { NODE_OPTIONS: '', ...env } }, (error, out, err) =>
      resolve({ status: error ? error.code : 0, said: out + err }),
    )
  })
}

t.test('the addon is hardened, and exports its entry only', async (t) => {
  if (process.platform !== 'linux') return t.comment('binaries are for Linux')
  const hardening = pathToFileURL(join(root, 'scripts', 'prebuild', 'hardening.mjs')).href
  const { expectHardened, weaknesses } = await import(hardening)
  const built = join(root, 'build', 'Release', 'infomotion.node')
  t.same(weaknesses(built), [])
  expectHardened(built)

  const folder = temporary(t)
  const source = join(folder, 'bare.c')
  writeFileSync(source, 'int other(void) { return 1; }\n')
  const bare = join(folder, 'bare.node')
  const options = ['-shared', '-fPIC', '-fno-stack-protector', '-U_FORTIFY_SOURCE']
    .concat(
      ['relro', 'now', 'exec'].map(
        (name) => `-Wl,-z,${name === 'exec' ? 'execstack' : name === 'now' ? 'lazy' : 'norelro'}`,
      ),
    )
    .concat('-Wl,-rpath,/nowhere')
  execFileSync('cc', [...options, source, '-o', bare])
  const found = (weaknesses(bare) as string[]).join('\n')
  for (const weakness of [
    /stack protector/,
    /FORTIFY/,
    /no RELRO/,
    /-z now/,
    /executable stack/,
    /RPATH/,
    /no entry/,
    /1 exported symbols .*other/,
  ])
    t.match(found, weakness)
  t.throws(() => expectHardened(bare), /bare\.node has no stack protector/)
})

const vendor = join(root, 'dist', 'vendor')
const skip = !existsSync(join(vendor, 'LICENSES.txt')) && 'esbuild could not be had when this was built'
t.test('what is built holds the parts of other packages that it uses, so that it can be packed', { skip }, (t) => {
  const modules = readdirSync(vendor).filter((file) => /\.c?js$/.test(file))
  t.ok(modules.length >= 4)
  for (const file of modules) {
    const text = readFileSync(join(vendor, file), 'utf8')
    const asked = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s*["']([^"']+)|\brequire\(["']([^"']+)["']\)/gm)]
    t.same(
      asked.map(([, from, required]) => from ?? required).filter((name) => !isBuiltin(name) && !name.startsWith('.')),
      [],
      file,
    )
  }
  t.end()
})

t.test('npm run prebuild: what is missing is named before anything is built', async (t) => {
  const bin = temporary(t)
  const prebuild = join(root, 'scripts', 'prebuild.mjs')
  const none = await script(prebuild, ['linux-x64'], { PATH: bin })
  t.equal(none.status, 1)
  t.match(
    none.said,
    /^Not found on PATH: gcc, g\+\+, ar, strip, readelf for linux-x64 \(Debian and Ubuntu: apt install g\+\+\)/,
  )
  for (const name of ['gcc', 'g++', 'ar', 'strip', 'readelf']) symlinkSync('/bin/true', join(bin, name))
  const cross = await script(prebuild, [], { PATH: bin })
  t.equal(cross.status, 1)
  t.match(
    cross.said,
    /aarch64-linux-gnu-gcc, .* for linux-arm64 \(Debian and Ubuntu: apt install g\+\+-aarch64-linux-gnu\)/,
  )
  t.notMatch(cross.said, /linux-x64 \(|\n {4}at /, 'nothing else, no stack')
  const unknown = await script(prebuild, ['linux-x64', 'win32-x64'], { PATH: bin })
  t.match(unknown, { status: 1, said: /^Expected platforms of linux-x64, linux-arm64, got win32-x64\./ })
})

t.test('npm run sbom: every dependency with its licence, the same bytes each time; others are refused', async (t) => {
  const copy = join(temporary(t), 'copy')
  mkdirSync(join(copy, 'scripts', 'check'), { recursive: true })
  for (const file of ['package.json', 'package-lock.json', 'scripts/check/sbom.mjs'])
    cpSync(join(root, file), join(copy, file))
  const sbom = () => script(join(copy, 'scripts', 'check', 'sbom.mjs'), [], process.env)
  const bill = () => readFileSync(join(copy, 'sbom.cdx.json'), 'utf8')
  t.match(await sbom(), { status: 0, said: /\d+ components, every licence allowed/ })
  const first = bill()
  await sbom()
  t.equal(bill(), first)
  const { bomFormat, metadata, components } = JSON.parse(first)
  t.match({ bomFormat, name: metadata.component.name }, { bomFormat: 'CycloneDX', name: 'infomotion' })
  const { dependencies, vendored } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const listed = components.map(({ name, group }: { name: string; group?: string }) =>
    group ? `${group}/${name}` : name,
  )
  t.same(
    [...Object.keys(dependencies), ...vendored, 'fflate'].filter((name) => !listed.includes(name)),
    [],
  )
  t.notOk(listed.includes('tap'), 'nothing of the development')

  const lock = readFileSync(join(copy, 'package-lock.json'), 'utf8')
  for (const [licence, refused] of [
    ['GPL-3.0-only', true],
    ['(MIT AND AGPL-3.0)', true],
    ['(MIT OR GPL-2.0)', false],
    ['SEE LICENSE IN LICENSE.txt', true],
  ] as const) {
    const changed = JSON.parse(lock)
    changed.packages['node_modules/commander'].license = licence
    writeFileSync(join(copy, 'package-lock.json'), JSON.stringify(changed))
    const { status, said } = await sbom()
    t.equal(status, refused ? 1 : 0, licence)
    if (refused) t.match(said, /commander \d.*: licence .* is not among those allowed/)
  }
})

t.test('the package has no binding.gyp, and what builds the addon from source', async (t) => {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
  t.notOk(
    files.some((file) => /binding\.gyp|\.gypi?$/.test(file)),
    'Yarn would take it for an install script',
  )
  for (const file of [
    'native/CMakeLists.txt',
    'native/sources.json',
    'native/package.json',
    'native/node',
    'native/core',
    'native/cuda',
  ])
    t.ok(files.includes(file) && statSync(join(root, file)), `${basename(dirname(file))}/${basename(file)}`)
})
