/**
 * The one error class of the package. `code` is stable and listed in `docs/errors.md` with its cure; `message` says
 * what was expected, what came, where, and what to do.
 *
 * @example
 * ```js
 * try { await readDataSet('missing') } catch (error) {
 *   if (error.code === 'DATASET_NOT_FOUND') console.error(error.message)
 * }
 * ```
 */
export class InfomotionError extends Error {
  override readonly name = 'InfomotionError'
  /** Stable, upper-case, listed in docs/errors.md. */
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The error for a call that was aborted through its `AbortSignal` (code `ABORTED`). */
export function abortError(signal?: AbortSignal): InfomotionError {
  return new InfomotionError('ABORTED', 'The operation was aborted.', { cause: signal?.reason })
}

/** Throws {@link abortError} if the signal has fired. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw abortError(signal)
}

/** What the system refuses where something is written, in words, with the cure. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free space, then run the same command again: what is done is kept',
  EDQUOT: 'the disk quota is used up. Free space, then run the same command again: what is done is kept',
  EFBIG: 'the file would be larger than the system allows (ulimit -f)',
  EROFS: 'the file system is read-only. Choose another folder',
  EACCES: 'permission is denied. Choose another folder, or change its owner or mode',
  EPERM: 'the operation is not permitted there. Choose another folder, or change its owner or mode',
  ENOENT: 'a part of that path is not there and cannot be made. Choose another folder',
  ENOTDIR: 'a part of that path is a file, not a folder. Choose another path',
  EEXIST: 'a part of that path is a file, not a folder. Choose another path',
  ENAMETOOLONG: 'a name in that path is too long. Choose another path',
  ELOOP: 'symbolic links in that path go round in circles. Choose another path',
  EISDIR: 'that is a folder. Choose another path',
  EMFILE: 'too many files are open (ulimit -n)',
  EIO: 'the disk reports an error. Look at the system log',
}

/** A failure of the system as an InfomotionError of the same code that says where it happened and what to do. */
export function atPath(error: unknown, path: string): InfomotionError {
  const known = asInfomotionError(error)
  const refusal = REFUSALS[known.code]
  if (error instanceof InfomotionError || !refusal) return known
  return new InfomotionError(known.code, `Could not write ${path}: ${refusal}. (${known.message})`, { cause: error })
}

/** Node's flags for what its permission model denies. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  FileSystemRead: '--allow-fs-read',
  FileSystemWrite: '--allow-fs-write',
  ChildProcess: '--allow-child-process',
  WorkerThreads: '--allow-worker',
}

/** What to do where Node itself forbids something (`--permission`, `--no-addons`), or the system to read; undefined: neither does. */
export function permissionCure(error: unknown): string | undefined {
  const { code, permission, resource } = error as NodeJS.ErrnoException & { permission?: string; resource?: string }
  if (code === 'ERR_DLOPEN_DISABLED')
    return 'Start Node without --no-addons or, beside --permission, with --allow-addons.'
  const flag = PERMISSIONS[permission ?? '']
  if (code === 'ERR_ACCESS_DENIED' && flag)
    return `Node runs with --permission: add ${flag}${resource ? `=${resource}` : ''} (docs/install.md lists what infomotion needs).`
  if (code === 'EACCES' || code === 'EPERM') return 'Give this user the right to read it (chmod, chown).'
  return undefined
}

/** Any thrown value as an InfomotionError: native and system errors keep their code, others become `INTERNAL`. */
export function asInfomotionError(error: unknown): InfomotionError {
  if (error instanceof InfomotionError) return error
  if (error instanceof Error) {
    if (error.name === 'AbortError')
      return new InfomotionError('ABORTED', 'The operation was aborted.', { cause: error })
    const code = (error as NodeJS.ErrnoException).code
    const cure = code === 'ERR_ACCESS_DENIED' && permissionCure(error)
    const message = cure ? `${error.message.replace(/\.$/, '')}. ${cure}` : error.message
    return new InfomotionError(typeof code === 'string' ? code : 'INTERNAL', message, { cause: error })
  }
  return new InfomotionError('INTERNAL', String(error))
}
