import { totalmem } from 'node:os'
import { unlessAborted } from '../runtime/errors.js'

/**
 * Bytes that several tasks share. A task that wants more than is free waits: those that have some come first, then the
 * older ones. Where all that have some wait for more, the first of them gets it all the same: so a task that needs more
 * than the whole budget runs alone, and none waits for ever.
 */
export class ByteBudget {
  /** From the oldest on. */
  private readonly shares = new Set<Share>()
  private readonly waiting = new Map<Share, { bytes: number; go: () => void }>()

  constructor(readonly bytes: number) {}

  /** A task's share, of nothing as yet. */
  open(): Share {
    const share: Share = {
      bytes: 0,
      grow: (bytes, signal) => this.grow(share, bytes, signal),
      close: () => {
        this.shares.delete(share)
        this.serve()
      },
    }
    this.shares.add(share)
    return share
  }

  private async grow(share: Share, bytes: number, signal?: AbortSignal): Promise<void> {
    const turn = new Promise<void>((go) => this.waiting.set(share, { bytes, go }))
    this.serve()
    try {
      await unlessAborted(turn, signal)
    } finally {
      if (this.waiting.delete(share)) this.serve() // aborted: whom it kept waiting goes on
    }
  }

  private serve(): void {
    const holds = ({ bytes }: Share) => bytes > 0
    const inTurn = [...[...this.shares].filter(holds), ...[...this.shares].filter((share) => !holds(share))]
    for (const share of inTurn) {
      const wish = this.waiting.get(share)
      if (!wish) continue
      const taken = inTurn.reduce((sum, { bytes }) => sum + bytes, 0)
      const stuck = inTurn.filter(holds).every((holder) => this.waiting.has(holder))
      if (taken + wish.bytes > this.bytes && !stuck) return
      this.waiting.delete(share)
      share.bytes += wish.bytes
      wish.go()
    }
  }
}

/** What one task has of a {@link ByteBudget}. */
export interface Share {
  bytes: number
  /** Takes so many bytes more, as soon as it may; one call at a time. Rejects with ABORTED. */
  grow(bytes: number, signal?: AbortSignal): Promise<void>
  /** Gives all back. */
  close(): void
}

/** A quarter of the memory that the system, or the cgroup of a container or a batch job, gives this process. */
export function memoryBudget(): number {
  const limit = process.constrainedMemory() // of cgroups 1 and 2; 0, or larger than any memory, where there is none
  return Math.floor((limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 4)
}
