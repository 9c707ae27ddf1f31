import { DICOM } from './dicom.js'
import type { Format } from './format.js'
import { NIFTI } from './nifti.js'
import { NPY } from './npy.js'

export type { Format } from './format.js'

/** All of them, asked in this order. */
export const FORMATS: readonly Format[] = [DICOM, NIFTI, NPY]
