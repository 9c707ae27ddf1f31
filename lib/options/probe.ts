import { oneOf } from '../runtime/kinds.js'
import { option } from '../runtime/option.js'
import { BACKENDS } from '../video/index.js'
import { command } from './command.js'

export const probeCommand = command({
  name: 'probe',
  help: 'say what a clip holds: frames, size, rate, damage',
  operands: [{ name: 'clip', argument: 'path', help: 'video file' }],
  options: { backend: option(oneOf(BACKENDS), { default: 'auto', help: 'video decoder (opencv: opencv4nodejs)' }) },
})
