import type { DataSet } from 'dicom-parser'
import { itemsOf, uint16Of, uint32Of } from './attributes.js'

/** A rectangle of a frame, in px. */
export interface Region {
  left: number
  top: number
  width: number
  height: number
}

/** What a region shows (PS3.3, C.8.5.5): its format, and the type of its data. */
const FORMAT_2D = 1
const TISSUE = 1

/**
 * The region of the 2-D image (SequenceOfUltrasoundRegions): the largest of tissue, and where there is none, of another kind
 * of data, as colour flow; never an M-mode, a Doppler spectrum or an ECG. Its sides are even, as video codecs want them. Undefined: there is none.
 */
export function regionOf(data: DataSet, frame: { width: number; height: number }): Region | undefined {
  const flat = itemsOf(data, 'x00186011').filter((item) => uint16Of(item, 'x00186012') === FORMAT_2D)
  const tissue = flat.filter((item) => uint16Of(item, 'x00186014') === TISSUE)
  const regions = (tissue.length > 0 ? tissue : flat).flatMap((item) => rectangleOf(item, frame) ?? [])
  const area = ({ width, height }: Region) => width * height
  return regions.sort((a, b) => area(b) - area(a))[0]
}

/** Corners count from 0 and belong to the region. */
function rectangleOf(item: DataSet, frame: { width: number; height: number }): Region | undefined {
  const [left, top, right, bottom] = ['x00186018', 'x0018601a', 'x0018601c', 'x0018601e'].map((tag) =>
    uint32Of(item, tag),
  )
  if (left === undefined || top === undefined || right === undefined || bottom === undefined) return undefined
  const evenSide = (from: number, to: number, side: number) => {
    const start = from - (from % 2)
    const length = Math.min(to + 1, side) - start
    return [start, length + (length % 2) <= side - start ? length + (length % 2) : length - (length % 2)]
  }
  const [x, width] = evenSide(left, right, frame.width)
  const [y, height] = evenSide(top, bottom, frame.height)
  return width > 1 && height > 1 ? { left: x, top: y, width, height } : undefined
}

/** The part of each frame that lies in a region. */
export function cropped(frames: Uint8Array, frame: { width: number; height: number }, region: Region) {
  const { left, top, width, height } = region
  const count = frames.length / (frame.width * frame.height)
  const out = new Uint8Array(count * width * height)
  for (let i = 0; i < count; i++)
    for (let y = 0; y < height; y++) {
      const start = (i * frame.height + top + y) * frame.width + left
      out.set(frames.subarray(start, start + width), (i * height + y) * width)
    }
  return { frames: out, width, height }
}
