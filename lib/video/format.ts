import type { DecodeOptions, FormatName, Frames } from './types.js'

/** A format that is read in this process, from all bytes of a file. */
export interface Format {
  /** What `Frames` calls the decoder. */
  name: FormatName
  /** Whether a file is of this format, by its first 64 KiB; `path` is a hint where the bytes say too little. */
  recognises(head: Buffer, path: string): boolean
  /** Names the decoder, with the version of the library behind it: a key of caches. */
  decoder(): string
  /**
   * @param path - for messages only
   * @throws VIDEO_EMPTY, VIDEO_UNREADABLE, VIDEO_TOO_LARGE, ABORTED
   */
  decode(bytes: Buffer, path: string, options: DecodeOptions): Promise<Frames>
}
