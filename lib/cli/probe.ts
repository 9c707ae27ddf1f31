import type { Command } from 'commander'
import { type Backend, readClip } from '../video/index.js'
import { abortSignal, finish } from './output.js'

/** `infomotion probe CLIP`: what a clip holds, by decoding it. */
export function register(program: Command): void {
  program
    .command('probe')
    .description('say what a clip holds: frames, size, rate, damage')
    .argument('<clip>', 'video file')
    .option('--backend <name>', 'auto, mjpeg, ffmpeg or opencv', 'auto')
    .action(async (path: string, options: { backend: Backend }) => {
      const clip = await readClip(path, { backend: options.backend, signal: abortSignal() })
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
