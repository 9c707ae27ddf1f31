import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Diagnosis, writeClip } from 'infomotion'
import t, { type Test } from 'tap'
import { elfProblem } from '#lib/runtime/elf.js'
import { root, temporary } from './support.js'

t.setTimeout(120_000)

const addon = readFileSync(join(root, 'build', 'Release', 'infomotion.node'))
const installed = realpathSync(join(root, 'node_modules'))
const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, 'infomotion.glibc.node')

/** Uses the addon and JPEG, and prints how that ended. */
const USE = `import { farneback } from 'infomotion/flow'
import { readClip } from 'infomotion'
const call = (work) => work().then(() => 'done', ({ name, code, message }) => name + ' ' + code + ' ' + message)
const flow = await call(() => farneback(new Uint8Array(2 * 32 * 32), { width: 32, height: 32 }))
const jpeg = await call(() => readClip('clip.avi'))
console.log(JSON.stringify({ flow, jpeg }))
`

/**
 * A user's project, with the package in it as it is installed: this binary in `prebuilds/` (null: none), and beside it what
 * is installed here, but those.
 */
async function project(t: Test, binary: Buffer | null = addon, without: string[] = []): Promise<string> {
  const folder = temporary(t)
  const modules = join(folder, 'node_modules')
  const home = join(modules, 'infomotion')
  mkdirSync(join(home, dirname(prebuilt)), { recursive: true })
  for (const name of readdirSync(installed))
    if (!without.includes(name)) symlinkSync(join(installed, name), join(modules, name))
  for (const part of ['dist', 'package.json']) cpSync(join(root, part), join(home, part), { recursive: true })
  if (binary) writeFileSync(join(home, prebuilt), binary)
  writeFileSync(join(folder, 'use.mjs'), USE)
  await writeClip(
    join(folder, 'clip.avi'),
    { frames: new Uint8Array(2048), count: 2, width: 32, height: 32 },
    { fps: 30 },
  )
  return folder
}

/** Runs Node as a user does, without what tap loads into every child. */
function node(cwd: string, args: string[], env = {}): Promise<{ status: number | string; out: string; err: string }> {
  const { NODE_OPTIONS, ...bare } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', ...args], { cwd, env: { ...bare, ...env } }, (error, out, err) =>
      resolve({ status: error ? (error.code ?? error.signal ?? -1) : 0, out, err }),
    )
  })
}

async function use(folder: string, flags: string[] = [], env = {}): Promise<{ flow: string; jpeg: string }> {
  const { status, out, err } = await node(folder, [...flags, 'use.mjs'], env)
  if (status !== 0) throw new Error(`ended with ${status}: ${err}`)
  return JSON.parse(out)
}

/** A copy of the addon with some of its bytes changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(addon)
  change(bytes)
  return bytes
}

t.test('a binary that is not there, cut, damaged, or of another machine: never the end of the process', async (t) => {
  if (process.platform !== 'linux') return t.comment('binaries are for Linux')
  const other = process.arch === 'x64' ? { number: 183, name: 'arm64' } : { number: 62, name: 'x64' }
  const cases: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /no ELF binary \(0 bytes\)/],
    ['some text', Buffer.from('version https://git-lfs.github.com/spec/v1\n'.repeat(4)), /no ELF binary \(172 bytes\)/],
    ['20 bytes', addon.subarray(0, 20), /cut short: 20 bytes/],
    ['its first page', addon.subarray(0, 4096), /cut short: 4096 bytes, and its header says \d{6,}/],
    ['but for its last byte', addon.subarray(0, -1), /cut short/],
    ['zeros after its first page', changed((bytes) => bytes.fill(0, 4096)), /it is damaged/],
    [
      'another processor',
      changed((bytes) => bytes.writeUInt16LE(other.number, 18)),
      new RegExp(`for ${other.name}, and`),
    ],
    ['an unknown processor', changed((bytes) => bytes.writeUInt16LE(999, 18)), /for processor 999, and/],
  ]
  const folder = await project(t)
  const place = join(folder, 'node_modules', 'infomotion', prebuilt)
  for (const [what, binary, reason] of cases) {
    rmSync(place)
    writeFileSync(place, binary)
    const said = await use(folder)
    t.match(said.flow, /^InfomotionError ADDON_NOT_LOADED The native addon of infomotion did not load on linux-/, what)
    t.match(said.flow, reason, what)
    t.match(
      said.flow,
      /install it anew, on this machine \(npm install infomotion\).*npx cmake-js compile -d native/,
      what,
    )
    t.match(said.jpeg, /ADDON_NOT_LOADED/, 'JPEG is in the addon')
  }
})

t.test('a binary that the system refuses: its own words, and how to build one', async (t) => {
  if (process.platform !== 'linux') return t.comment('binaries are for Linux')
  // a version of the C library that no system has yet
  const newer = changed((bytes) => {
    for (let at = bytes.indexOf('\0GLIBC_2.'); at >= 0; at = bytes.indexOf('\0GLIBC_2.', at + 1))
      bytes.write('9', at + 7)
  })
  t.match(
    (await use(await project(t, newer))).flow,
    /version `GLIBC_9\.\S+' not found.*To build one here.*npx cmake-js/,
  )
  // a library that is no addon
  const report = process.report.getReport() as unknown as { sharedObjects: string[] }
  const libm = report.sharedObjects.find((path) => /\/libm[.-]/.test(path))
  if (libm) t.match((await use(await project(t, readFileSync(libm)))).flow, /did not self-register.*npx cmake-js/)
})

t.test('no binary: to install the package anew, or how to build one', async (t) => {
  const { flow } = await use(await project(t, null))
  t.match(flow, /there is neither .*build.Release.infomotion\.node nor .*infomotion(\.glibc)?\.node\. /)
  t.match(flow, /npx cmake-js compile -d native/)
  if (process.platform === 'linux') t.match(flow, /install it anew, on this machine \(npm install infomotion\)/)
})

t.test('musl: said, with how to build one', async (t) => {
  if (process.platform !== 'linux') return t.comment('binaries are for Linux')
  const folder = await project(t, null)
  const musl = 'process.report.getReport = () => ({ header: {} })' // what Node tells there
  const { flow } = await use(folder, ['--import', `data:text/javascript,${encodeURIComponent(musl)}`])
  t.match(flow, /did not load on linux-\w+ \(musl\).*musl, macOS and Windows build their own.*npx cmake-js compile/)
  t.notMatch(flow, /install it anew/)
})

t.test('INFOMOTION_PREBUILD: what it names is loaded, or it is named', async (t) => {
  const folder = await project(t, null)
  t.equal((await use(folder, [], { INFOMOTION_PREBUILD: root })).flow, 'done')
  t.match((await use(folder, [], { INFOMOTION_PREBUILD: folder })).flow, /INFOMOTION_PREBUILD is .*: unset it, or/)
})

t.test('Node without addons, or under its permission model: the flag that is missing', async (t) => {
  const folder = await project(t)
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const denied =
    /^InfomotionError ADDON_NOT_LOADED .* Start Node without --no-addons or, beside --permission, with --allow-addons\.$/

  const bare = await use(folder, ['--no-addons'])
  t.match(bare, { flow: denied, jpeg: denied })
  const reading = await use(folder, [permission, '--allow-fs-read=*'])
  t.match(reading, { flow: denied, jpeg: denied })
  t.match(await use(folder, [permission, '--allow-fs-read=*', '--allow-addons']), { flow: 'done', jpeg: 'done' })

  // Only the project, and what its links lead to.
  const read = [folder, installed].map((path) => `--allow-fs-read=${path}/`)
  const narrow = await use(folder, [permission, '--allow-addons', ...read])
  t.match(narrow, { flow: 'done', jpeg: 'done' })

  // a binary that may not be read
  const blind = await use(folder, [permission, '--allow-addons', ...read], { INFOMOTION_PREBUILD: root })
  t.match(blind.flow, /ADDON_NOT_LOADED .*add --allow-fs-read=.*infomotion\.node \(docs\/install\.md/)
})

t.test('code that a bundler took out of the package', async (t) => {
  for (const manifest of [undefined, '{ "name": "app", "version": "1.0.0" }']) {
    const folder = await project(t, addon)
    const bundle = join(folder, 'bundled', 'lib')
    cpSync(join(root, 'dist'), bundle, { recursive: true })
    if (manifest) writeFileSync(join(folder, 'bundled', 'package.json'), manifest)
    writeFileSync(
      join(folder, 'use.mjs'),
      `${USE.replace("'infomotion/flow'", "'./bundled/lib/flow/index.js'").replace("'infomotion'", "'./bundled/lib/index.js'")}`,
    )
    const { flow } = await use(folder)
    t.match(flow, /^InfomotionError ADDON_NOT_LOADED infomotion runs from .*bundled.*--external:infomotion/)
  }
})

t.test('doctor without ONNX Runtime: broken, with the command for it', async (t) => {
  const folder = await project(t, addon, ['onnxruntime-node'])
  const program = join('node_modules', 'infomotion', 'dist', 'cli.js')
  const { status, out } = await node(folder, [program, 'doctor', '--json'])
  const { healthy, findings } = JSON.parse(out) as Diagnosis
  t.equal(status, 1)
  t.equal(healthy, false)
  t.match(
    findings.find(({ name }) => name === 'onnxruntime-node'),
    {
      status: 'broken',
      required: true,
      reason: 'not installed',
      cure: 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node',
    },
  )
  t.same(
    findings.filter(({ status }) => status === 'broken').map(({ name }) => name),
    ['onnxruntime-node'],
  )
  const told = await node(folder, [program, 'doctor'], { NO_COLOR: '1' })
  t.equal(told.status, 1)
  t.match(told.out, /\n {2}broken {2}onnxruntime-node .*\n {10}not installed\n {10}ONNXRUNTIME_NODE_INSTALL=skip/)
  t.match(told.out, /\nSomething is broken: see above\.\n$/)
})

t.test('elfProblem: what is loaded here has none', async (t) => {
  if (process.platform !== 'linux') return t.comment('binaries are for Linux')
  const report = process.report.getReport() as unknown as { sharedObjects: string[] }
  const files = report.sharedObjects.filter((path) => path.startsWith('/') && /\.so|\.node/.test(path))
  t.ok(files.length >= 3)
  for (const file of files) t.equal(elfProblem(file), undefined, file)
  t.throws(() => elfProblem(join(temporary(t), 'absent')), { code: 'ENOENT' })
})
