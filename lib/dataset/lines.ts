import { createReadStream } from 'node:fs'
import { InfomotionError } from '../runtime/errors.js'

/** Longest line of a side file, in bytes; one of EchoNet's tracings has some 60. */
const MAX_LINE = 1 << 20

/**
 * The lines of a file, as bytes with their ends (`\n`, `\r\n`), read in pieces, so that neither a long file nor one
 * without line ends fills the memory.
 *
 * @throws {InfomotionError} `DATASET_TABLE_INVALID` naming the line above 1 MiB
 */
export async function* linesOf(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let held = 0
  let line = 1
  for await (const piece of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      yield Buffer.concat([...rest, piece.subarray(from, end + 1)])
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
        `Expected lines of at most ${MAX_LINE} bytes in ${path}, but line ${line} is longer: is it the table it is named after? Repair it, or move it away.`,
      )
    }
  }
  if (held > 0) yield Buffer.concat(rest)
}
