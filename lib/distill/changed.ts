import type { ClipWarning } from '../features/extract.js'
import { sha256OfClip } from '../video/pictures.js'

/** A clip as it was read, and where it lies now. */
interface ReadFile {
  id: string
  path: string
  /** Of its file, when its features were made; absent for a clip that was made. */
  sha256?: string
}

/** The SHA-256 of clips' files as they are now, and a warning for each whose features are those of other bytes. */
export async function sumsNow(
  files: readonly ReadFile[],
  signal?: AbortSignal,
): Promise<{ sums: string[]; changed: ClipWarning[]; warnings: string[] }> {
  const sums: string[] = []
  const changed: ClipWarning[] = []
  for (const { id, path, sha256 } of files) {
    const sum = await sha256OfClip(path, signal)
    sums.push(sum)
    if (sha256 !== undefined && sum !== sha256)
      changed.push({
        id,
        kind: 'changed',
        text: 'It changed after its features were made: they are not those of its file.',
      })
  }
  const names = changed.map(({ id }) => id).join(', ')
  const warnings =
    changed.length === 0 ? [] : [`${changed.length} selected clips changed while the run was at it: ${names}.`]
  return { sums, changed, warnings }
}
