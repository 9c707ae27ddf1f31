import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NpyArray, readNpy, writeNpy } from 'infomotion'
import t from 'tap'
import { decodeNpy, encodeNpy } from '#lib/run/npy.js'
import { temporary } from './support.js'

/** A file as numpy writes it: this type, this shape, these bytes. */
function file(descr: string, shape: string, body: Uint8Array, { fortran = 'False', version = 1 } = {}): Buffer {
  const text = Buffer.from(`{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`, 'latin1')
  const head = Buffer.alloc(version > 1 ? 12 : 10)
  head.write('\x93NUMPY', 0, 'latin1')
  head[6] = version
  if (version > 1) head.writeUInt32LE(text.length, 8)
  else head.writeUInt16LE(text.length, 8)
  return Buffer.concat([head, text, body])
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NpyArray) => new Uint8Array(buffer, byteOffset, byteLength)

t.test('arrays written and read again, of every type and shape', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.npy')
  const arrays: NpyArray[] = [
    Float32Array.of(1, -2.5, NaN, Infinity),
    Float64Array.of(0.1, -1e300),
    Int8Array.of(-128, 127),
    Uint8Array.of(0, 255),
    Int16Array.of(-32768, 32767),
    Uint16Array.of(65535),
    Int32Array.of(-(2 ** 31)),
    Uint32Array.of(2 ** 32 - 1),
    BigInt64Array.of(-5n),
    BigUint64Array.of(2n ** 64n - 1n),
    new Float32Array(0),
  ]
  for (const data of arrays) {
    await writeNpy(path, data)
    t.same(await readNpy(path), { data, shape: [data.length] }, data.constructor.name)
    t.same(decodeNpy(readFileSync(path)), { data, shape: [data.length] })
  }
  const part = new Float32Array(new ArrayBuffer(32), 4, 6).fill(7) // does not begin where its buffer does
  for (const shape of [[2, 3], [6, 1], [1, 2, 3, 1], [6]]) {
    await writeNpy(path, part, { shape })
    t.same(await readNpy(path), { data: part, shape })
  }
  await writeNpy(path, Int32Array.of(9), { shape: [] })
  t.same(await readNpy(path), { data: Int32Array.of(9), shape: [] }, 'a number alone')
  t.same(readdirSync(folder), ['a.npy'], 'nothing is left beside it')

  const bytes = encodeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])
  t.equal((bytes.length - 24) % 64, 0, 'the data is aligned')
  t.match(bytes.toString('latin1', 10), /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n/)
})

t.test('what numpy writes: orders of bytes and axes, half precision, truth, versions', async (t) => {
  const path = join(temporary(t), 'a.npy')
  const read = async (bytes: Buffer) => {
    writeFileSync(path, bytes)
    const found = await readNpy(path)
    t.same(decodeNpy(bytes), found, 'the same from memory')
    return found
  }
  for (const data of [
    Float32Array.of(1.5, -2),
    Float64Array.of(1 / 3, 7),
    Int16Array.of(258, -1),
    BigInt64Array.of(1n, -2n),
  ]) {
    const size = data.BYTES_PER_ELEMENT
    const turned = Buffer.from(bytesOf(data)).reverse() // each value turned round, and the values too
    const kind = data instanceof Int16Array || data instanceof BigInt64Array ? 'i' : 'f'
    const found = await read(file(`'>${kind}${size}'`, '(2,)', turned))
    t.same(found.data, data.slice().reverse(), `>${kind}${size}`)
  }
  // 0 1 2 / 3 4 5, the first index running fastest, in two and three dimensions
  const columns = bytesOf(Float32Array.of(0, 3, 1, 4, 2, 5))
  t.same(await read(file("'<f4'", '(2, 3)', columns, { fortran: 'True' })), {
    data: Float32Array.of(0, 1, 2, 3, 4, 5),
    shape: [2, 3],
  })
  const shape = [2, 3, 4]
  const fortran = new Int32Array(24)
  for (let i = 0; i < 24; i++) {
    const [a, b, c] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4]
    fortran[a + 2 * (b + 3 * c)] = i
  }
  t.same(await read(file("'<i4'", '(2, 3, 4)', bytesOf(fortran), { fortran: 'True' })), {
    data: Int32Array.from({ length: 24 }, (_, i) => i),
    shape,
  })
  // IEEE 754 binary16: 1, -2, the largest, the smallest, the smallest normal, infinity, NaN, -0
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x7e00, 0x8000)
  t.same(
    (await read(file("'<f2'", '(8,)', bytesOf(halves)))).data,
    Float32Array.of(1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, NaN, -0),
  )
  t.same((await read(file("'>f2'", '(1,)', Uint8Array.of(0x3c, 0)))).data, Float32Array.of(1))
  t.same((await read(file("'|b1'", '(2,)', Uint8Array.of(1, 0)))).data, Uint8Array.of(1, 0))
  for (const version of [1, 2, 3])
    t.same((await read(file("'|u1'", '(2, 1)', Uint8Array.of(8, 9), { version }))).shape, [2, 1], `version ${version}`)
  t.same((await read(file("'<i8'", '(1L,)', bytesOf(BigInt64Array.of(3n))))).shape, [1], 'Python 2 on Windows')
})

t.test('what is no such array is refused by name, before memory is taken', async (t) => {
  const folder = temporary(t)
  const path = join(folder, 'a.npy')
  const wrong = async (bytes: Buffer, message: RegExp) => {
    writeFileSync(path, bytes)
    await t.rejects(readNpy(path), { code: 'NPY_UNREADABLE', message }, `${message}`)
    t.throws(() => decodeNpy(bytes), { code: 'NPY_UNREADABLE', message })
  }
  const four = Uint8Array.of(0, 0, 0, 0)
  await wrong(file("'|O'", '(1,)', four), /Python objects.*astype/)
  await wrong(file("'<U1'", '(1,)', four), /text.*savetxt/)
  await wrong(file("'|S4'", '(1,)', four), /text/)
  await wrong(file("[('x', '<f4')]", '(1,)', four), /records/)
  await wrong(file("'<c8'", '(1,)', four), /complex/)
  await wrong(file("'<M8[ns]'", '(1,)', four), /dates/)
  await wrong(file("'<f4'", '(2,)', four), /takes 8 bytes, it has 4/)
  await wrong(file("'<f4'", '(0,)', four), /takes 0 bytes, it has 4/)
  await wrong(file("'<f8'", '(1000000000, 1000000)', four), /takes 8000000000000000 bytes, it has 4/)
  await wrong(file("'<f8'", '(9999999999, 9999999999)', four), /shape .* is none/)
  await wrong(file("'<f4'", '(1,)', four, { version: 4 }), /version 4/)
  await wrong(file("'<f4'", '(1, -1)', four), /shape/)
  await wrong(file("'<f4'", '(1,)', four, { fortran: '1' }), /Fortran/)
  await wrong(Buffer.from('garbage, and more of it'), /NUMPY/)
  await wrong(Buffer.alloc(0), /NUMPY/)

  // a file of many GB that holds nothing: it reads as far as there is memory, or says that there is not
  writeFileSync(path, file("'|u1'", `(${2 ** 46},)`, new Uint8Array(0)))
  truncateSync(path, readFileSync(path).length + 2 ** 40)
  await t.rejects(readNpy(path), { code: 'NPY_UNREADABLE', message: /takes \d+ bytes, it has/ })

  await t.rejects(readNpy(folder), { code: 'EINVAL' })
  await t.rejects(readNpy(join(folder, 'none.npy')), { code: 'ENOENT' })
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await t.rejects(readNpy(join(folder, 'pipe')), { code: 'EINVAL', message: /a pipe/ })
  await t.rejects(readNpy(''), { code: 'INVALID_ARGUMENT' })
  await t.rejects(readNpy(path, { sginal: 1 } as never), { code: 'INVALID_ARGUMENT', message: /signal/ })
  await t.rejects(readNpy(path, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
})

t.test('what cannot be written leaves the file as it was', async (t) => {
  const path = join(temporary(t), 'a.npy')
  await writeNpy(path, Uint8Array.of(1))
  const before = readFileSync(path)
  for (const shape of [[2], [1, 2], [-1], [0.5, 2], '1', [NaN]])
    await t.rejects(writeNpy(path, Uint8Array.of(1), { shape: shape as never }), {
      code: 'INVALID_ARGUMENT',
      message: /shape/,
    })
  for (const data of [[1], null, undefined, 'a', new DataView(new ArrayBuffer(8)), new Uint8ClampedArray(1)])
    await t.rejects(writeNpy(path, data as never), { code: 'INVALID_ARGUMENT' })
  await t.rejects(writeNpy(path, Uint8Array.of(2), { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  await t.rejects(writeNpy('', Uint8Array.of(2)), { code: 'INVALID_ARGUMENT' })
  t.same(readFileSync(path), before)
})
