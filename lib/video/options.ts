import { number, oneOf } from '../runtime/kinds.js'
import { type Options, option, type Resolved } from '../runtime/option.js'
import { MASKS } from './mask.js'
import { BACKENDS, CROPS } from './types.js'

/** What decides which frames come out of a clip's file: `readClip`, `probe`, `distill` and `compare` take it. */
export const DECODING = {
  backend: option(oneOf(BACKENDS), { default: 'auto', help: 'video decoder (opencv: opencv4nodejs)' }),
  /** Frames a second of clips that name no rate themselves: folders of pictures, `.npy`, NIfTI without time. */
  fps: option(number(0.001, 1000), {
    unit: 'fps',
    absent: '30, with a warning',
    help: 'frame rate of clips that name none (folders of pictures, .npy, NIfTI without time)',
  }),
  /** `sector`: what lies outside the ultrasound sector (text, ECG trace, borders) is set to 0. */
  mask: option(oneOf(MASKS), {
    default: 'none',
    help: 'sector: pixels outside the ultrasound sector (text, ECG trace) are set to 0',
  }),
  /** `region`: of a DICOM, the region of the 2-D image that the file names (UltrasoundRegions), where it names one. */
  crop: option(oneOf(CROPS), {
    default: 'none',
    help: 'region: of a DICOM, the part that it names as the region of its 2-D image',
  }),
} satisfies Options

/** Names these settings in keys of caches; where only the backend is given, by its name, as ever. */
export function decodingKey({ backend, fps, mask, crop }: Resolved<typeof DECODING>): string {
  const others = {
    ...(fps !== undefined && { fps }),
    ...(mask !== 'none' && { mask }),
    ...(crop !== 'none' && { crop }),
  }
  return Object.keys(others).length === 0 ? backend : JSON.stringify([backend, others])
}
