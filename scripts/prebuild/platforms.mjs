import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The platforms that the package carries binaries for. `tools`: prefix of the cross compiler, `debian`: the package that
 * has it; `oldest`: the version that glibc gives the symbols it has had from the start on that processor;
 * `processor`: what CMake calls it.
 */
export const PLATFORMS = {
  'linux-x64': { arch: 'x64', tools: '', debian: 'g++', oldest: 'GLIBC_2.2.5', processor: 'x86_64' },
  'linux-arm64': {
    arch: 'arm64',
    tools: 'aarch64-linux-gnu-',
    debian: 'g++-aarch64-linux-gnu',
    oldest: 'GLIBC_2.17',
    processor: 'aarch64',
  },
}

/** What cannot be found on PATH of what the binaries of these platforms are built and checked with, in words. */
export function missingTools(platforms) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return platforms.flatMap((platform) => {
    const { tools, debian } = PLATFORMS[platform]
    const names = ['gcc', 'g++', 'ar', 'strip'].map((name) => `${tools}${name}`).concat('readelf')
    const missing = names.filter((name) => !folders.some((folder) => isExecutable(join(folder, name))))
    return missing.length > 0
      ? [`${missing.join(', ')} for ${platform} (Debian and Ubuntu: apt install ${debian})`]
      : []
  })
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
