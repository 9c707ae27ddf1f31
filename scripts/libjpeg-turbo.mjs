// Where the addon's JPEG library comes from. Its source is not committed: native/libjpeg-turbo.tar.xz is made on the first
// build, of what Debian's next release has as source, and travels in the package, so that whoever compiles the addon there
// needs nothing more. native/libjpeg-turbo.cmake builds it. LIBJPEG_TURBO_SOURCE=DIR names an unpacked source instead.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from './registry.mjs'

const archive = fileURLToPath(new URL('../native/libjpeg-turbo.tar.xz', import.meta.url))

/** Suites of Debian that have version 3 or later (12-bit and lossless JPEGs, as DICOM has them); the first that serves. */
const SUITES = ['forky', 'sid']

/** What of the source its static library is built from, and its licences. */
const PARTS = ['CMakeLists.txt', 'LICENSE.md', 'README.ijg', 'cmakescripts', 'release', 'sharedlib', 'simd', 'src']

/**
 * Sees to the source, and gives the definitions that native/CMakeLists.txt wants: a folder that builds for `processor`
 * share, and the assembler. Where the source cannot be had, one line says so, and the addon is built without JPEG.
 */
export function libjpegTurbo(processor) {
  const kept = cacheFolder('libjpeg-turbo')
  if (!process.env.LIBJPEG_TURBO_SOURCE && !existsSync(archive)) provide(kept)
  const nasm = processor === 'x64' ? assembler(kept) : undefined
  return { LIBJPEG_TURBO_BUILD: join(kept, processor), ...(nasm && { LIBJPEG_TURBO_NASM: nasm }) }
}

/** The archive, from those of earlier builds or from Debian. */
function provide(kept) {
  const earlier = join(kept, 'libjpeg-turbo.tar.xz')
  try {
    if (!existsSync(earlier)) download(kept, earlier)
    copyFileSync(earlier, archive)
  } catch (error) {
    console.error(
      `The source of libjpeg-turbo cannot be had here (${reason(error)}): the addon is built without JPEG. ` +
        'LIBJPEG_TURBO_SOURCE=DIR names an unpacked source, version 3 or later.',
    )
  }
}

function download(kept, target) {
  const failures = []
  for (const suite of SUITES)
    try {
      const folder = join(kept, suite)
      rmSync(folder, { recursive: true, force: true })
      const apt = privateApt(folder, `deb-src ${mirror()} ${suite} main`)
      apt('source', '--download-only', '-qq', 'libjpeg-turbo')
      const tarball = readdirSync(folder).find((name) => /^libjpeg-turbo_.*\.orig\.tar\.\w+$/.test(name))
      execFileSync('tar', ['-xf', tarball], { cwd: folder })
      const source = readdirSync(folder).find((name) => existsSync(join(folder, name, 'CMakeLists.txt')))
      const parts = PARTS.map((part) => `${source}/${part}`)
      execFileSync('cmake', ['-E', 'tar', 'cJf', 'packed.tar.xz', '--mtime=2000-01-01', ...parts], { cwd: folder })
      renameSync(join(folder, 'packed.tar.xz'), target)
      rmSync(folder, { recursive: true, force: true })
      return
    } catch (error) {
      failures.push(`${suite}: ${reason(error)}`)
    }
  throw new Error(failures.join('; '))
}

/** nasm, without which the library is built without vector instructions: on PATH, or unpacked of Debian's package. */
function assembler(kept) {
  if (process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, 'nasm')))) return 'nasm'
  const nasm = join(kept, 'nasm', 'usr', 'bin', 'nasm')
  if (existsSync(nasm)) return nasm
  try {
    const folder = join(kept, 'nasm')
    rmSync(folder, { recursive: true, force: true })
    const [, codename] = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync('/etc/os-release', 'utf8'))
    const apt = privateApt(folder, `deb ${mirror()} ${codename} main`)
    apt('download', '-qq', 'nasm')
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'))
    execFileSync('dpkg-deb', ['-x', file, '.'], { cwd: folder })
    for (const left of ['lists', 'cache', file]) rmSync(join(folder, left), { recursive: true })
    return nasm
  } catch (error) {
    console.error(
      `nasm is not on PATH nor to be had (${reason(error)}): JPEGs are decoded without vector instructions.`,
    )
    return undefined
  }
}

/** `apt-get` in a folder, with a list of sources and a state of its own there: needs no rights and changes nothing. */
function privateApt(folder, line) {
  for (const made of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, made), { recursive: true })
  writeFileSync(join(folder, 'sources.list'), `${line}\n`)
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': '',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const run = (...args) =>
    execFileSync('apt-get', [...options, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })
  run('update', '-qq')
  return run
}

/** The mirror that this Debian installs from, with the keyring that its releases are signed by. */
function mirror() {
  const sites = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const site = sites.split('\n').find((line) => /\/debian\/?$/.test(line))
  if (!site) throw new Error('no mirror of Debian among the sources of apt-get')
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  return existsSync(keyring) ? `[signed-by=${keyring}] ${site}` : site
}

function reason({ message, stderr }) {
  return (stderr?.toString().trim() || message).split('\n')[0]
}
