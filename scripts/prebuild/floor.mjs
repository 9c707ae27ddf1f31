import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Functions that glibc has had from the start under an old version, and has since given a newer one (moved into libc in
 * 2.34; log and the like without errno wrappers in 2.27, 2.29 and 2.38, the same numbers). A linker takes the newest
 * there is, so that a binary built on a new system does not load on an older one, for no need of its own.
 */
const RENAMED = {
  'libpthread.so.0': ['create', 'detach', 'join', 'once', 'key_create', 'key_delete', 'getspecific', 'setspecific']
    .concat(['mutex_trylock', 'rwlock_rdlock', 'rwlock_wrlock', 'rwlock_unlock', 'attr_setstacksize', 'kill'])
    .map((name) => `pthread_${name}`),
  'libdl.so.2': ['dlopen', 'dlclose', 'dlsym', 'dlerror', 'dladdr'],
  'libm.so.6': ['exp', 'exp2', 'log', 'log2', 'pow', 'fmod'].flatMap((name) => [name, `${name}f`]),
}

/**
 * Linker flags by which a binary asks for the old versions: libraries with nothing in them but those names, of the names
 * of the real ones, stand before them on the command line. At run time the real ones are found.
 */
export function oldVersions(compiler, oldest, folder) {
  mkdirSync(folder, { recursive: true })
  const compile = (...options) =>
    execFileSync(compiler, options, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const libraries = Object.entries(RENAMED).map(([library, names]) => {
    writeFileSync(join(folder, 'names.c'), names.map((name) => `void ${name}(void) {}\n`).join(''))
    writeFileSync(join(folder, 'versions'), `${oldest} { ${names.map((name) => `${name};`).join(' ')} };\n`)
    compile(
      '-shared',
      '-nostdlib',
      '-fPIC',
      '-w',
      '-Wl,--version-script=versions',
      `-Wl,-soname,${library}`,
      'names.c',
      '-o',
      library,
    )
    return join(folder, library)
  })
  // std::shared_ptr asks libc (2.32) whether the process has one thread, to leave out atomics. It has more, always.
  writeFileSync(join(folder, 'threads.c'), '__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;\n')
  compile('-c', '-fPIC', 'threads.c', '-o', 'threads.o')
  // Some compilers link as needed by default, which to them is what stands before.
  return [join(folder, 'threads.o'), '-Wl,--push-state,--no-as-needed', ...libraries, '-Wl,--pop-state']
}
