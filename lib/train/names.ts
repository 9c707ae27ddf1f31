import type { CnnSize } from './r2plus1d.js'

/** The sizes of the CNN student by the students' names. */
export const CNN_SIZES = {
  cnn: 'small',
  'cnn-medium': 'medium',
  'cnn-large': 'large',
} as const satisfies Record<string, CnnSize>

/**
 * `linear`: softmax regression on the features; `cnn`, and its larger sizes: a (2+1)D network on the clips' grey levels
 * and flow.
 */
export type StudentName = 'linear' | keyof typeof CNN_SIZES
export const STUDENTS = ['linear', ...Object.keys(CNN_SIZES)] as StudentName[]
