import type { DataSet } from 'dicom-parser'
import { itemsOf, numberOf, textOf, uint16Of } from './attributes.js'
import { type Palette, paletteOf } from './palette.js'

/** How the pixels of a DICOM are written (PS3.3, C.7.6.3). */
export interface Image {
  width: number
  height: number
  /** Samples of a pixel. */
  samples: number
  /** Samples lie frame by frame in planes, not pixel by pixel. */
  planar: boolean
  photometric: string
  /** Bits that a sample takes. */
  allocated: number
  /** Those of them that it has. */
  stored: number
  /** The highest of these. */
  high: number
  signed: boolean
  /** As (0028,0008) says; undefined where that is no number of frames. */
  frames?: number
  /** From stored numbers to those that the window is of. */
  slope: number
  intercept: number
  window?: Window
  palette?: Palette
  /** Some numbers are grey, others have a colour (a supplemental palette, PS3.3, C.7.6.19). */
  mixed: boolean
}

/** The photometric interpretations that are read. */
export const PHOTOMETRIC: readonly string[] = [
  ...['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB'],
  ...['YBR_FULL', 'YBR_FULL_422', 'YBR_PARTIAL_420', 'YBR_PARTIAL_422', 'YBR_ICT', 'YBR_RCT'],
]

/** A window of values (PS3.3, C.11.2.1.2): what lies outside is black or white. */
export interface Window {
  center: number
  width: number
  shape: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'
}

/** What the attributes say; where they are missing, what they mostly are. */
export function imageOf(data: DataSet): Image {
  const allocated = uint16Of(data, 'x00280100') ?? 8
  const stored = uint16Of(data, 'x00280101') ?? 0
  const samples = uint16Of(data, 'x00280002') ?? 1
  const photometric = textOf(data, 'x00280004')?.toUpperCase() ?? (samples === 3 ? 'RGB' : 'MONOCHROME2')
  const frames = numberOf(data, 'x00280008')
  const [shared] = itemsOf(data, 'x52009229')
  const [first] = itemsOf(data, 'x52009230')
  const whole = { stored: allocated, high: allocated - 1 }
  // as enhanced images have it; all frames are taken as the first: a change would look like motion
  const inFunctional = (sequence: string) => [shared, first].flatMap((item) => (item ? itemsOf(item, sequence) : []))[0]
  const values = inFunctional('x00289145') ?? data
  return {
    width: uint16Of(data, 'x00280011') ?? 0,
    height: uint16Of(data, 'x00280010') ?? 0,
    samples,
    planar: uint16Of(data, 'x00280006') === 1,
    photometric,
    allocated,
    ...(stored >= 1 && stored <= allocated ? { stored, high: highOf(data, stored, allocated) } : whole),
    signed: uint16Of(data, 'x00280103') === 1,
    ...(frames !== undefined && Number.isInteger(frames) && frames > 0 ? { frames } : {}),
    slope: numberOf(values, 'x00281053') || 1,
    intercept: numberOf(values, 'x00281052') ?? 0,
    window: windowOf(inFunctional('x00289132') ?? data),
    palette: paletteOf(data),
    mixed: samples === 1 && /^(COLOR|MIXED)$/.test(textOf(data, 'x00089205') ?? '') && photometric !== 'PALETTE COLOR',
  }
}

function highOf(data: DataSet, stored: number, allocated: number): number {
  const high = uint16Of(data, 'x00280102') ?? 0
  return high >= stored - 1 && high < allocated ? high : stored - 1
}

/** The first window, where there is one that has a width. */
function windowOf(data: DataSet): Window | undefined {
  const center = numberOf(data, 'x00281050')
  const width = numberOf(data, 'x00281051')
  const shape = textOf(data, 'x00281056') as Window['shape'] | undefined
  if (center === undefined || width === undefined || width <= 0) return undefined
  return { center, width, shape: shape === 'LINEAR_EXACT' || shape === 'SIGMOID' ? shape : 'LINEAR' }
}
