import type { Command } from 'commander'
import { type DataSetDescription, describeDataSet, type Spread } from '../dataset/describe.js'
import { dataCommand } from '../options/data.js'
import { addCommand } from './options.js'
import { abortSignal, finish, progressBar } from './output.js'

/** `infomotion data DATASET`: what was understood, before hours are spent on it (lib/dataset/describe.ts). */
export function register(program: Command): void {
  addCommand(program, dataCommand, async ([dataset], options) => {
    const described = await describeDataSet(dataset, {
      ...options,
      signal: abortSignal(),
      onProgress: progressBar(),
    })
    finish(described, () => textOf(described))
  })
}

/** Classes that are listed; the others are counted. */
const MAX_CLASSES = 30
/** Longest name of a class that is shown in full. */
const MAX_NAME = 36
const WIDTH = 80

function textOf(found: DataSetDescription): string {
  const { name, layout, tables, columns, scheme, splits, clips, groups, segments, files, probed } = found
  const layouts = {
    echonet: "EchoNet's layout",
    camus: 'CAMUS',
    csv: 'a table of clips',
    folder: 'a folder for each class',
  }
  const lines = [`${name}: ${layouts[layout]}${found.synthetic ? ', synthetic' : ''}`, '']
  const fact = (what: string, text: string | undefined) => {
    if (text) lines.push(...wrapped(text).map((line, i) => `${(i === 0 ? what : '').padEnd(9)}${line}`))
  }
  fact('tables', tables.join(', '))
  fact(
    'columns',
    Object.entries(columns)
      .map(([role, column]) => (role === column ? role : `${role}: ${column}`))
      .join(', '),
  )
  fact(
    'clips',
    `${number(clips)}${segments.clips > 0 ? `, of which ${number(segments.clips)} are parts of ${counted(segments.videos, 'video')}` : ''}`,
  )
  fact('splits', splits === 'given' ? 'given' : 'drawn by group, with the seed')
  fact(
    'groups',
    groups.count === clips
      ? 'each clip is its own'
      : `${number(groups.count)}, the largest of ${counted(groups.largest, 'clip')}`,
  )
  fact(
    'files',
    files
      .map(({ ending, count, bytes }) => `${number(count)} ${ending}${bytes > 0 ? ` (${size(bytes)})` : ''}`)
      .join(', '),
  )
  const sizes = probed.sizes.slice(0, 4).map(({ width, height, clips }) => `${width} x ${height} (${number(clips)})`)
  const more = probed.sizes.length > 4 ? ` and ${probed.sizes.length - 4} more sizes` : ''
  const looked = `of ${counted(probed.clips, 'clip')} looked into`
  fact('size', sizes.length > 0 ? `${sizes.join(', ')}${more} px, ${looked}` : undefined)
  fact('rate', probed.fps ? `${spread(probed.fps)} fps` : undefined)
  fact('length', probed.frames ? `${spread(probed.frames)} frames` : undefined)
  lines.push('', ...classTable(found, scheme))
  const said = (kind: string, texts: readonly string[]) => {
    if (texts.length > 0) lines.push('')
    for (const text of texts) lines.push(...wrapped(`${kind}${text}`, WIDTH))
  }
  said('', found.notes)
  said('warning: ', found.warnings)
  said('', found.notices)
  return lines.join('\n')
}

function classTable({ classes }: DataSetDescription, scheme: string): string[] {
  const listed = classes.slice(0, MAX_CLASSES)
  const rest = classes.slice(MAX_CLASSES)
  const sum = (of: typeof classes, key: 'train' | 'val' | 'test' | 'clips') =>
    of.reduce((total, one) => total + one[key], 0)
  const row = (name: string, of: typeof classes) =>
    [name, ...(['train', 'val', 'test', 'clips'] as const).map((key) => number(sum(of, key)))] as const
  const rows = [
    [`class (${scheme})`, 'train', 'val', 'test', 'all'] as const,
    ...listed.map((one) => row(shortened(one.name), [one])),
    ...(rest.length > 0 ? [row(`${rest.length} more classes`, rest)] : []),
    row('all', classes),
  ]
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...rows.map((cells) => cells[i].length)))
  return rows.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  )
}

const number = (value: number) => value.toLocaleString('en')
const counted = (count: number, noun: string) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`
const rounded = (value: number) => String(Number(value.toFixed(2)))
const spread = ({ min, median, max }: Spread) =>
  min === max ? rounded(min) : `${rounded(min)} to ${rounded(max)}, median ${rounded(median)}`

function shortened(name: string): string {
  const characters = Array.from(name)
  return characters.length > MAX_NAME ? `${characters.slice(0, MAX_NAME - 3).join('')}...` : name
}

/** "5.2 GB": decimal units, as disks and file managers have them. */
function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

/** Lines of at most so many characters, broken at spaces. */
function wrapped(text: string, width = WIDTH - 9): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
