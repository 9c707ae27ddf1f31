import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Processors by their number in an ELF header (System V ABI, e_machine), named as `process.arch` does. */
const MACHINES: Readonly<Record<number, string>> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }

/**
 * What of a Linux binary's outside shows that it cannot be loaded here, in words; undefined: nothing. Linux maps a file
 * that was cut short without a word, and the process dies (SIGBUS) when it is touched beyond its end; for a binary of
 * another processor the loader says that the file does not exist.
 *
 * @throws where the file cannot be read, as `fs` does
 */
export function elfProblem(path: string, arch: string = process.arch): string | undefined {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const read = (length: number, at: number) => {
      const bytes = Buffer.alloc(length)
      readSync(file, bytes, 0, length, at)
      return bytes
    }
    const header = read(64, 0)
    if (header.readUInt32BE(0) !== 0x7f454c46) return `it is no ELF binary (${size} bytes)`
    const machine = MACHINES[header.readUInt16LE(18)] ?? `processor ${header.readUInt16LE(18)}`
    if (machine !== arch) return `it is for ${machine}, and this is Node for ${arch}`
    // The table of sections stands at the very end; one of them holds the names of the sections (SHT_STRTAB, 3).
    const sections = Number(header.readBigUInt64LE(40))
    const [length, count, names] = [58, 60, 62].map((at) => header.readUInt16LE(at))
    if (header[4] !== 2 || count === 0 || sections + length * count > size)
      return `it is cut short: ${size} bytes, and its header says ${sections + length * count}`
    if (read(length, sections + length * names).readUInt32LE(4) !== 3) return 'it is damaged'
    return undefined
  } finally {
    closeSync(file)
  }
}
