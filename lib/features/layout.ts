import type { Channels } from '../volume/samples.js'
import type { Channel, ModelDescription } from './description.js'

/** What the loader must show for a model's channels. */
export function seenBy(channels: Channel[]): Channels {
  if (channels.every((channel) => channel === 'grey')) return 'grey'
  return channels.includes('grey') ? 'both' : 'flow'
}

/** The loader's numbers in a channel's unit, as value * scale + mean (see `loadSamples`). */
const LOADED = { grey: { mean: 0.25, scale: 0.25 }, u: { mean: 0, scale: 0.2 }, v: { mean: 0, scale: 0.2 } }

/** Lays one view of the loader, [channels, frames, side, side], out as the model wants it. */
export function arrange(seen: Float32Array, row: number, input: ModelDescription['input'], out: Float32Array): void {
  const { layout, channels, frames, side, normalisation } = input
  const loaded = { grey: ['grey'], flow: ['u', 'v'], both: ['grey', 'u', 'v'] }[seenBy(channels)]
  const plane = side * side
  channels.forEach((channel, c) => {
    const gain = LOADED[channel].scale / normalisation.scale[c]
    const offset = (LOADED[channel].mean - normalisation.mean[c]) / normalisation.scale[c]
    for (let frame = 0; frame < frames; frame++) {
      const from = ((row * loaded.length + loaded.indexOf(channel)) * frames + frame) * plane
      const to = (layout === 'NCTHW' ? c * frames + frame : frame * channels.length + c) * plane
      for (let i = 0; i < plane; i++) out[to + i] = gain * seen[from + i] + offset
    }
  })
}
