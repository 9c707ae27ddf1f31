import type { Command } from 'commander'
import { writePicture } from '../flow/index.js'
import { probeCommand } from '../options/probe.js'
import { InfomotionError } from '../runtime/errors.js'
import { findSector, readClip } from '../video/index.js'
import { portraitOf } from '../video/portrait.js'
import { addCommand } from './options.js'
import { abortSignal, finish } from './output.js'

/** `infomotion probe CLIP`: what a clip holds, by decoding it. */
export function register(program: Command): void {
  addCommand(program, probeCommand, async ([path], { picture, ...options }) => {
    const signal = abortSignal()
    if (picture !== undefined && !/\.png$/i.test(picture))
      throw new InfomotionError(
        'INVALID_ARGUMENT',
        `Expected a name ending in .png for --picture but received "${picture}".`,
      )
    const clip = await readClip(path, { ...options, signal })
    const { count, width, height, fps, backend, damagedFrames, warnings } = clip
    const seconds = count / fps
    const shown: string[] = []
    if (picture !== undefined) {
      const whole = options.mask === 'none' ? clip : await readClip(path, { ...options, mask: 'none', signal })
      const { inside, why } = await findSector(whole, signal)
      await writePicture(picture, portraitOf(whole, inside))
      shown.push(`${picture}: ${why === undefined ? 'with the outline of the sector' : `no sector is found. ${why}`}`)
    }
    finish({ frames: count, width, height, fps, seconds, backend, damagedFrames, warnings }, () =>
      [
        `${path}: ${count} frames of ${width} x ${height}, ${Number(fps.toFixed(3))} fps, ${seconds.toFixed(2)} s`,
        `decoded by ${backend}, ${damagedFrames} damaged`,
        ...warnings,
        ...shown,
      ].join('\n'),
    )
  })
}
