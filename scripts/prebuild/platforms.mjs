/**
 * The platforms that the package carries binaries for. `tools`: prefix of the cross compiler; `oldest`: the version that
 * glibc gives the symbols it has had from the start on that processor.
 */
export const PLATFORMS = {
  'linux-x64': { arch: 'x64', tools: '', oldest: 'GLIBC_2.2.5' },
  'linux-arm64': { arch: 'arm64', tools: 'aarch64-linux-gnu-', oldest: 'GLIBC_2.17' },
}
