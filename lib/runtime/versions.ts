import { require, version } from './package.js'

/** Versions of what a result may depend on: this package, Node, and ONNX Runtime if it is installed. */
export function versions(): Record<string, string> {
  return { infomotion: version, node: process.version, 'onnxruntime-node': installed('onnxruntime-node') }
}

/** The C library of a Linux system ("glibc 2.36", "musl"); undefined elsewhere. */
export function libc(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const report = process.report as { excludeNetwork?: boolean } & NodeJS.ProcessReport
  report.excludeNetwork = true // it would look up names of open sockets
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl'
}

function installed(name: string): string {
  try {
    return (require(`${name}/package.json`) as { version: string }).version
  } catch {
    return 'not installed'
  }
}
