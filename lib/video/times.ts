/**
 * When the frames of a clip are shown, read line by line as ffmpeg's muxer framecrc writes it: "#tb 0: 1/90000", then
 * "stream, dts, pts, duration, size, checksum" for each frame (ffmpeg-formats(1)). Only the extremes are kept.
 */
export class FrameTimes {
  private rest = ''
  /** Seconds of a unit. */
  private unit = 0
  private count = 0
  private first = 0
  private last = 0
  private shortest = Number.POSITIVE_INFINITY
  private longest = 0

  push(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() as string
    for (const line of lines) {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line)
      if (base) this.unit = Number(base[1]) / Number(base[2])
      const time = Number(line.startsWith('#') ? Number.NaN : line.split(',')[2])
      if (Number.isFinite(time)) this.add(time * this.unit)
    }
  }

  /** A frame that is shown then, in seconds. */
  add(time: number): void {
    if (this.count++ === 0) this.first = time
    else {
      this.shortest = Math.min(this.shortest, time - this.last)
      this.longest = Math.max(this.longest, time - this.last)
    }
    this.last = time
  }

  /**
   * A sentence where frames do not come at the given rate. Containers that count in milliseconds move a frame by one, and
   * a tenth of the usual distance makes no motion look faster or slower that one would see.
   */
  varying(fps: number): string | undefined {
    if (this.count < 3) return undefined
    const mean = (this.last - this.first) / (this.count - 1)
    const spread = this.longest - this.shortest
    const steady = spread <= Math.max(0.0021, mean / 10)
    if (steady && Math.abs(mean * fps - 1) <= 0.05) return undefined
    const ms = (seconds: number) => Number((1000 * seconds).toFixed(1))
    return (
      `The frame rate varies: frames lie ${ms(this.shortest)} to ${ms(this.longest)} ms apart ` +
      `(${Number((1 / mean).toFixed(2))} fps in the mean); ${Number(fps.toFixed(2))} fps is taken for all.`
    )
  }
}
