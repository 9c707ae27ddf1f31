import type { Command } from 'commander'
import { phantomCommand } from '../options/phantom.js'
import { writePhantom } from '../phantom/index.js'
import { addCommand } from './options.js'
import { abortSignal, finish, progressBar } from './output.js'

/** `infomotion phantom DIR`: a synthetic echo data set to try everything on. */
export function register(program: Command): void {
  addCommand(program, phantomCommand, async ([out], options) => {
    const started = performance.now()
    const onProgress = progressBar()
    const { clips, train, val, test } = await writePhantom(out, { ...options, signal: abortSignal(), onProgress })
    const seconds = (performance.now() - started) / 1000
    finish(
      { clips, train, val, test, out, seconds },
      () => `${clips} synthetic clips in ${out} (${train} TRAIN, ${val} VAL, ${test} TEST), ${seconds.toFixed(1)} s`,
    )
  })
}
