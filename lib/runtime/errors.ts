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

/** Any thrown value as an InfomotionError: native and system errors keep their code, others become `INTERNAL`. */
export function asInfomotionError(error: unknown): InfomotionError {
  if (error instanceof InfomotionError) return error
  if (error instanceof Error) {
    if (error.name === 'AbortError')
      return new InfomotionError('ABORTED', 'The operation was aborted.', { cause: error })
    const code = (error as NodeJS.ErrnoException).code
    return new InfomotionError(typeof code === 'string' ? code : 'INTERNAL', error.message, { cause: error })
  }
  return new InfomotionError('INTERNAL', String(error))
}
