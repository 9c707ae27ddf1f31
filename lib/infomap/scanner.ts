import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { InfomotionError } from '../runtime/errors.js'

/** Most bytes of a text file, unpacked: as many as Node reads of a plain one. */
const MAX_BYTES = 2 ** 31

/** Longest word that is looked at: no number or section name is longer, and names are not looked at whole. */
const MAX_WORD = 4096

/** The bytes of a text file, unpacked if they are gzip's. `what` it is goes into the error. */
export async function readTextBytes(path: string, what: string, signal?: AbortSignal): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path, { signal })
  } catch (cause) {
    if ((cause as Error).name === 'AbortError') throw cause
    throw new InfomotionError('NETWORK_NOT_FOUND', `Expected ${what} at ${path}: ${(cause as Error).message}.`, {
      cause,
    })
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES })
  } catch (cause) {
    throw new InfomotionError(
      'NETWORK_UNREADABLE',
      `${basename(path)}: damaged gzip data (${(cause as Error).message}).`,
      {
        cause,
      },
    )
  }
}

const SPACE = 32
const TAB = 9
const NEWLINE = 10
const RETURN = 13
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, i) => Number(`1e${i}`))

/** Walks through text of lines of numbers, byte by byte: no strings are made, so files of millions of lines are cheap. */
export class Scanner {
  /** From 1. */
  line = 1
  private at = 0

  constructor(
    private readonly bytes: Uint8Array,
    /** The file's name, for errors. */
    private readonly name: string,
  ) {}

  /** Lines at most. */
  countLines(): number {
    let lines = 1
    for (let i = this.bytes.indexOf(NEWLINE); i >= 0; i = this.bytes.indexOf(NEWLINE, i + 1)) lines++
    return lines
  }

  /** The byte that comes next in this line after blanks; -1 at its end. */
  peek(): number {
    const { bytes } = this
    while (bytes[this.at] === SPACE || bytes[this.at] === TAB || bytes[this.at] === RETURN) this.at++
    const byte = bytes[this.at]
    return byte === undefined || byte === NEWLINE ? -1 : byte
  }

  /** To the start of the next line; false if there is none. */
  nextLine(): boolean {
    const { bytes } = this
    while (this.at < bytes.length && bytes[this.at] !== NEWLINE) this.at++
    if (this.at >= bytes.length) return false
    this.at++
    this.line++
    return true
  }

  /** A whole number in [min, max]. */
  integer(what: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const { bytes } = this
    this.peek()
    const start = this.at
    let value = 0
    for (let digit = bytes[this.at] - 48; digit >= 0 && digit <= 9; digit = bytes[++this.at] - 48)
      value = value * 10 + digit
    if (this.at > start && this.atEnd() && value >= min && value <= max) return value
    this.at = start
    throw this.error(
      `${what}, a whole number ${max < Number.MAX_SAFE_INTEGER ? `from ${min} to ${max}` : `of at least ${min}`},`,
    )
  }

  /** A decimal number, 0 or more, read to the nearest double. */
  number(what: string): number {
    const { bytes } = this
    this.peek()
    const start = this.at
    let digits = 0
    let mantissa = 0
    let decimals = 0
    for (let point = false; ; this.at++) {
      const digit = bytes[this.at] - 48
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit
        digits++
        if (point) decimals++
      } else if (digit === -2 && !point) point = true
      else break
    }
    // Up to 15 digits and powers of ten up to 10^22 are exact in doubles, so one division rounds correctly; the rest (signs, exponents) is JS's.
    if (digits > 0 && digits <= 15 && this.atEnd()) return mantissa / POWERS_OF_TEN[decimals]
    this.at = start
    const value = Number(this.peekWord())
    if (!(value >= 0 && value < Infinity)) throw this.error(`${what}, a finite number of at least 0,`)
    this.word()
    return value
  }

  /** What stands between blanks, or between double quotes. */
  word(): string {
    if (this.peek() === 34) {
      let end = this.at + 1
      while (end < this.bytes.length && this.bytes[end] !== 34 && this.bytes[end] !== NEWLINE) end++
      if (this.bytes[end] !== 34) throw this.error('a closing quote')
      const text = this.text(this.at + 1, end)
      this.at = end + 1
      return text
    }
    const start = this.at
    while (!this.atEnd()) this.at++
    return this.text(start, this.at)
  }

  /** The error for what stands here: what was expected, what came, where. */
  error(expected: string): InfomotionError {
    const came = this.peek() < 0 ? 'the end of the line' : JSON.stringify(this.peekWord().slice(0, 40))
    return new InfomotionError(
      'NETWORK_UNREADABLE',
      `${this.name}, line ${this.line}: expected ${expected} but found ${came}.`,
    )
  }

  private peekWord(): string {
    let end = this.at
    while (!isEnd(this.bytes[end]) && end - this.at < MAX_WORD) end++
    return this.text(this.at, end)
  }

  private atEnd(): boolean {
    return isEnd(this.bytes[this.at])
  }

  private text(start: number, end: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString('utf8')
  }
}

function isEnd(byte: number | undefined): boolean {
  return byte === undefined || byte === SPACE || byte === TAB || byte === NEWLINE || byte === RETURN
}
