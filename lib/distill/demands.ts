import type { DataSet } from '../dataset/index.js'
import { InfomotionError } from '../runtime/errors.js'
import type { Selection } from '../select/index.js'
import type { DescribedClips } from './describe.js'

/** What `--strict` demands of a run, and what is said without it. */

export function skippedWarning({ skipped }: DescribedClips): string[] {
  if (skipped.length === 0) return []
  return [`${skipped.length} clips were skipped. The first: ${skipped[0].id}: ${skipped[0].reason}`]
}

export function expectAllRead({ skipped, clipWarnings }: DescribedClips): void {
  if (skipped.length > 0) {
    const { id, reason } = skipped[0]
    throw new InfomotionError(
      'CLIPS_SKIPPED',
      `${skipped.length} clips could not be decoded, which --strict does not allow. The first: ${id}: ${reason}`,
    )
  }
  const faults = clipWarnings.filter(({ kind }) => !['levels', 'unread', 'mask'].includes(kind)) // such clips are whole
  if (faults.length > 0) {
    const { id, text } = faults[0]
    throw new InfomotionError(
      'CLIPS_DAMAGED',
      `${new Set(faults.map((warning) => warning.id)).size} clips are not what their headers or the table say, or ` +
        `gave the decoder trouble, which --strict does not allow. The first: ${id}: ${text} Mend them or take them out, ` +
        'or leave --strict out: report and manifest then name them all.',
    )
  }
}

export function expectFullQuota({ representatives }: Selection, { classes }: DataSet, vpc: number): void {
  classes.forEach((name, c) => {
    const got = representatives.filter(({ classIndex }) => classIndex === c).length
    if (got < vpc) {
      throw new InfomotionError(
        'CLASS_TOO_SMALL',
        `Class "${name}" has ${got} TRAIN clips for ${vpc} videos per class, which --strict does not allow. ` +
          'Ask for fewer videos per class, merge classes (--classes), or leave --strict out.',
      )
    }
  })
}
