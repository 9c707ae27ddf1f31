import type { Readable } from 'node:stream'

/** Text of a file in UTF-8 with or without byte-order mark, or in UTF-16 with one. */
export async function* decodeText(stream: Readable): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0) // until there is enough to know the encoding by
  let line = 1
  for await (const chunk of stream) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (!decoder && bytes.length < 4) {
      rest = bytes
      continue
    }
    rest = Buffer.alloc(0)
    decoder ??= new TextDecoder(encodingOf(bytes), { fatal: true })
    const text = decode(decoder, bytes, line)
    line += text.split('\n').length - 1
    yield text
  }
  decoder ??= new TextDecoder(encodingOf(rest), { fatal: true })
  yield decode(decoder, rest, line) + decode(decoder, undefined, line)
}

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const odd = bytes.subarray(0, 4).map((byte) => (byte === 0 ? 0 : 1))
  if (['1,0,1,0', '0,1,0,1'].includes(odd.join()))
    throw new Error('it seems to be UTF-16 without a byte-order mark. Save it as "CSV UTF-8"')
  return 'utf-8'
}

/** `line`: where `bytes` begin. */
function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer | undefined, line: number): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    const before = new TextDecoder(decoder.encoding).decode(bytes).split('\ufffd')[0]
    const at = line + before.split('\n').length - 1
    throw new Error(`line ${at} is not ${decoder.encoding.toUpperCase()}. Save it as "CSV UTF-8"`, { cause })
  }
}
