import { throwIfAborted } from '../runtime/errors.js'
import type { Stage } from './stages.js'

/** What a run says on its way: its warnings, and the time of each stage. */
export class RunLog {
  readonly warnings: string[] = []
  readonly timings: { stage: Stage; seconds: number }[] = []

  constructor(
    /** performance.now() at the run's start. */
    private readonly started: number,
    private readonly onWarning: (warning: string) => void,
    private readonly signal?: AbortSignal,
  ) {}

  warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      this.warnings.push(warning)
      this.onWarning(warning)
    }
  }

  /** Does a stage's work, if nobody has stopped the run, and notes its time: of a stage in several parts their sum. */
  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    throwIfAborted(this.signal)
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    const known = this.timings.find((timing) => timing.stage === stage)
    if (known) known.seconds += seconds
    else this.timings.push({ stage, seconds })
    return result
  }

  /** Seconds since the run's start. */
  seconds(): number {
    return (performance.now() - this.started) / 1000
  }
}
