import { VIDEO } from './files.js'
import { shown } from './labels.js'

/** What stands between two values: comma, or what spreadsheets write where the comma is in the numbers; in lists a space. */
export type Delimiter = ',' | ';' | '\t' | ' '

/**
 * Lists without a header line, as training codes of action recognition have them: a clip and its label a line ("a.mp4 3",
 * "a.mp4,yes"), a folder of frames with their number and the label ("a 120 3"), or a clip alone ("class/a.avi").
 */
export interface ListForm {
  columns: readonly string[]
  delimiter: Delimiter
}

/** Longest line that is looked at for that. */
const MAX_LINE = 1 << 16

/** A path that ends as a video does, maybe in quotes, and what is behind it. A path may hold spaces: the last ending counts. */
const CLIP = new RegExp(
  `^(?<quote>"?)(?<path>.*${VIDEO.source.replace(/\$$/, '')})\\k<quote>(?:\\s*(?<mark>[,;\\t])\\s*|(?<gap> +)|$)(?<rest>.*)$`,
  'i',
)
const FRAMES = /^(\S|\S.*\S)[ \t]+(\d+)[ \t]+(\d+)$/

/** The form of a list, by its first line; undefined for a line that is a header. */
export function listForm(line: string): ListForm | undefined {
  if (line.length > MAX_LINE) return undefined
  const clip = CLIP.exec(line)?.groups
  if (clip) {
    const delimiter = (clip.mark as Delimiter | undefined) ?? ' '
    return { columns: clip.mark || clip.gap ? ['path', 'label'] : ['path'], delimiter }
  }
  return FRAMES.test(line) && !/[,;"]/.test(line) ? { columns: ['path', 'frames', 'label'], delimiter: ' ' } : undefined
}

/** The values of a line. Throws for one that is not of the form. */
export function parseListLine(line: string, { columns, delimiter }: ListForm): string[] {
  if (columns.length === 3) {
    const values = FRAMES.exec(line)
    if (values) return values.slice(1)
    throw new Error(`${shown(line.slice(0, 80))} is no folder of frames, their number and a label`)
  }
  const clip = line.length > MAX_LINE ? undefined : CLIP.exec(line)?.groups
  if (clip) {
    const { path, mark, gap, rest } = clip
    const label = rest.replace(/^"(.*)"$/, '$1')
    const isAlone = columns.length === 1
    const several = mark ? rest.includes(mark) && label === rest : /^\d+(\s+\S+)+$/.test(label)
    if (isAlone ? !mark && !gap : (mark ?? gap?.[0]) === delimiter && label !== '' && !several)
      return isAlone ? [path] : [path, label]
  }
  const what = columns.length === 1 ? 'a clip alone' : 'a clip and its label'
  const cure = 'a list of more than that needs a header line that names its columns (path,label,...)'
  throw new Error(`${shown(line.slice(0, 80))} is not ${what}, as a list has them: ${cure}`)
}
