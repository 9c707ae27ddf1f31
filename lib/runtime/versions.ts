import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Versions of what a result may depend on: this package, Node, and ONNX Runtime if it is installed. */
export function versions(): Record<string, string> {
  const { version } = require('../../package.json') as { version: string }
  return { infomotion: version, node: process.version, 'onnxruntime-node': installed('onnxruntime-node') }
}

function installed(name: string): string {
  try {
    return (require(`${name}/package.json`) as { version: string }).version
  } catch {
    return 'not installed'
  }
}
