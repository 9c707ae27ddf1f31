import { InfomotionError } from '../runtime/errors.js'

/** A time limit beside a caller's signal: one signal for both, which tells them apart. */
export class Deadline {
  /** Fires with the caller's signal, or when the time is up. */
  readonly signal?: AbortSignal
  private readonly over: AbortController | undefined
  private readonly timer: NodeJS.Timeout | undefined

  constructor(
    private readonly seconds: number | undefined,
    private readonly given: AbortSignal | undefined,
  ) {
    this.signal = given
    if (seconds === undefined) return
    this.over = new AbortController()
    this.timer = setTimeout(() => this.over?.abort(), 1000 * seconds)
    this.signal = given ? AbortSignal.any([given, this.over.signal]) : this.over.signal
  }

  /** What to throw in place of an error: that the time is up, where that is its cause. */
  told(error: unknown, name: string): unknown {
    const { code } = error as InfomotionError
    if (code !== 'ABORTED' || this.given?.aborted || !this.over?.signal.aborted) return error
    return new InfomotionError(
      'VIDEO_TIME_LIMIT',
      `${name} could not be read within ${this.seconds} seconds. Raise the option timeLimit, or read a part of it (segment, maxFrames).`,
      { cause: error },
    )
  }

  clear(): void {
    clearTimeout(this.timer)
  }
}
