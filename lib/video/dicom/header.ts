import { createHmac, randomBytes } from 'node:crypto'
import { readWhole, withFile } from '../../run/store.js'
import { textOf } from './attributes.js'
import { isDicom, readElements } from './elements.js'

/** Where patient and study stand in nearly all files. */
const HEAD_BYTES = 2 ** 18

/** Whether there is a DICOM file at a path, by its first bytes; false also where nothing can be read. */
export async function isDicomFile(path: string): Promise<boolean> {
  return isDicom(await headOf(path, 192).catch(() => Buffer.alloc(0)))
}

/** Whose clip it is: equal for files of one patient, and of one study; undefined where the file does not say. */
export interface DicomGroup {
  patient?: string
  study?: string
}

/**
 * Whose clip a DICOM file is, by PatientID (with its issuer) and StudyInstanceUID. What stands there goes nowhere: the names
 * are keyed digests, good for comparison within this process and for nothing else.
 *
 * @throws the system's errors, where the file cannot be read
 */
export async function dicomGroup(path: string, signal?: AbortSignal): Promise<DicomGroup> {
  const head = await headOf(path, HEAD_BYTES, signal)
  if (!isDicom(head)) return {}
  const found = await groupIn(head, signal)
  if (head.length < HEAD_BYTES || (found.patient && found.study)) return found
  return groupIn(await readWhole(path, signal), signal)
}

async function groupIn(bytes: Buffer, signal?: AbortSignal): Promise<DicomGroup> {
  const { data } = await readElements(bytes, { signal })
  const patient = textOf(data, 'x00100020')
  const study = textOf(data, 'x0020000d')
  const issuer = textOf(data, 'x00100021') ?? ''
  return { patient: patient && digest(`${issuer}\n${patient}`), study: study && digest(study) }
}

const KEY = randomBytes(32)
const digest = (text: string) => createHmac('sha256', KEY).update(text).digest('hex')

function headOf(path: string, bytes: number, signal?: AbortSignal): Promise<Buffer> {
  return withFile(
    path,
    async (file) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
      return buffer.subarray(0, bytesRead)
    },
    signal,
  )
}
