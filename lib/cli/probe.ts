import type { Command } from 'commander'
import { probeCommand } from '../options/probe.js'
import { readClip } from '../video/index.js'
import { addCommand } from './options.js'
import { abortSignal, finish } from './output.js'

/** `infomotion probe CLIP`: what a clip holds, by decoding it. */
export function register(program: Command): void {
  addCommand(program, probeCommand, async ([path], options) => {
    const clip = await readClip(path, { ...options, signal: abortSignal() })
    const { count, width, height, fps, backend, damagedFrames, warnings } = clip
    const seconds = count / fps
    finish({ frames: count, width, height, fps, seconds, backend, damagedFrames, warnings }, () =>
      [
        `${path}: ${count} frames of ${width} x ${height}, ${Number(fps.toFixed(3))} fps, ${seconds.toFixed(2)} s`,
        `decoded by ${backend}, ${damagedFrames} damaged`,
        ...warnings,
      ].join('\n'),
    )
  })
}
