import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { InfomotionError } from '../runtime/errors.js'

/** Longest line of a side file, in bytes; one of EchoNet's tracings has some 60. */
const MAX_LINE = 1 << 20

/**
 * Whether a side file of a data set is a file of its own. A link could lead to any file of this machine, and what is
 * copied into a distilled set is passed on; a pipe may have no end.
 */
export async function isOwnFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false
}

/** Opens such a file; what has become a link or a pipe since it was looked at is refused by the system. */
export function openOwnFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
}

/**
 * The lines of a side file, as bytes without their ends, read in pieces, so that neither a long file nor one without line
 * ends fills the memory.
 *
 * @throws {InfomotionError} `DATASET_TABLE_INVALID` naming the line above 1 MiB
 */
export async function* linesOf(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = await openOwnFile(path)
  let rest: Buffer[] = []
  let held = 0
  let line = 1
  for await (const piece of file.createReadStream({ signal }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      yield withoutEnd(Buffer.concat([...rest, piece.subarray(from, end)]))
      rest = []
      held = 0
      line++
      from = end + 1
    }
    if (from === piece.length) continue
    rest.push(piece.subarray(from))
    held += piece.length - from
    if (held > MAX_LINE) {
      throw new InfomotionError(
        'DATASET_TABLE_INVALID',
        `Expected lines of at most ${MAX_LINE} bytes in ${path}, but line ${line} is longer: is it the table that it is named after? Repair it, or move it away.`,
      )
    }
  }
  if (held > 0) yield withoutEnd(Buffer.concat(rest))
}

function withoutEnd(line: Buffer): Buffer {
  return line.at(-1) === 13 ? line.subarray(0, -1) : line
}
