import { throwIfAborted } from '../runtime/errors.js'
import type { Stage } from './stages.js'

/** How long a stage took: on the clock, and in seconds of this process's processors, all threads together. */
export interface StageTiming {
  stage: Stage
  seconds: number
  cpuSeconds: number
}

/** What a run says on its way: its warnings, and the time of each stage. */
export class RunLog {
  readonly warnings: string[] = []
  readonly timings: StageTiming[] = []

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
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    const result = await work()
    const { user, system } = process.cpuUsage(cpu)
    let timing = this.timings.find((timing) => timing.stage === stage)
    if (!timing) {
      timing = { stage, seconds: 0, cpuSeconds: 0 }
      this.timings.push(timing)
    }
    timing.seconds += (performance.now() - start) / 1000
    timing.cpuSeconds += (user + system) / 1e6
    return result
  }

  /** Seconds since the run's start. */
  seconds(): number {
    return (performance.now() - this.started) / 1000
  }
}
