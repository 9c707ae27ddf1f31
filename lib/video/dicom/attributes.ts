import type { DataSet } from 'dicom-parser'

/** Longest text of an attribute that is looked at: times of 65,536 frames. */
const MAX_TEXT = 2 ** 20

/** The text of an attribute, without padding; undefined: it is not there, is empty, or goes beyond the file. */
export function textOf(data: DataSet, tag: string): string | undefined {
  const bytes = bytesOf(data, tag)
  if (!bytes || bytes.length > MAX_TEXT) return undefined
  return bytes.toString('latin1').replace(/\0.*$/s, '').trim() || undefined
}

/** The numbers that an attribute holds as text, with "\" between them (PS3.5, 6.4); NaN where one is no number. */
export function numbersOf(data: DataSet, tag: string): number[] {
  return (
    textOf(data, tag)
      ?.split('\\')
      .map((text) => (text.trim() === '' ? Number.NaN : Number(text))) ?? []
  )
}

/** The first of them. */
export function numberOf(data: DataSet, tag: string): number | undefined {
  const [number] = numbersOf(data, tag)
  return Number.isFinite(number) ? number : undefined
}

/** A binary number of 16 bits without sign, the `index`-th of the attribute. */
export function uint16Of(data: DataSet, tag: string, index = 0): number | undefined {
  return bytesOf(data, tag, 2 * index + 2) && data.uint16(tag, index)
}

/** A binary number of 32 bits without sign. */
export function uint32Of(data: DataSet, tag: string): number | undefined {
  return bytesOf(data, tag, 4) && data.uint32(tag)
}

/** The bytes of an attribute, `least` or more; undefined: it is not there or goes beyond the file. */
export function bytesOf(data: DataSet, tag: string, least = 1): Buffer | undefined {
  const element = data.elements[tag]
  if (!element || element.length < least || element.dataOffset + element.length > data.byteArray.length)
    return undefined
  return (data.byteArray as Buffer).subarray(element.dataOffset, element.dataOffset + element.length)
}

/** The items of a sequence. */
export function itemsOf(data: DataSet, tag: string): DataSet[] {
  return data.elements[tag]?.items?.flatMap((item) => item.dataSet ?? []) ?? []
}
