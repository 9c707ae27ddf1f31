// The process that decodeWithOpencv starts: `node opencv-process.js LIBRARY CLIP` writes the clip's luma as YUV4MPEG2
// to descriptor 3.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

/** What is used of opencv4nodejs. */
interface OpenCv {
  VideoCapture: new (path: string) => { read(): Mat; get(property: number): number }
  CAP_PROP_FPS: number
  COLOR_BGR2GRAY: number
  setNumThreads(threads: number): void
}

interface Mat {
  empty: boolean
  rows: number
  cols: number
  channels: number
  cvtColor(code: number): Mat
  getData(): Buffer
}

const FRAMES = 3

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(FRAMES, bytes, at)
}

const [library, path] = process.argv.slice(2)
try {
  const cv = createRequire(import.meta.url)(library) as OpenCv
  cv.setNumThreads(1)
  const capture = new cv.VideoCapture(path)
  const fps = capture.get(cv.CAP_PROP_FPS)
  for (let count = 0; ; count++) {
    const frame = capture.read()
    if (frame.empty) break
    const { rows, cols } = frame
    if (count === 0)
      write(Buffer.from(`YUV4MPEG2 W${cols} H${rows} F${Math.round(1000 * fps) || 0}:1000 Ip A1:1 Cmono\n`))
    write(Buffer.from('FRAME\n'))
    write((frame.channels === 1 ? frame : frame.cvtColor(cv.COLOR_BGR2GRAY)).getData())
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
