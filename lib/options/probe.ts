import { DECODING } from '../video/index.js'
import { command } from './command.js'

export const probeCommand = command({
  name: 'probe',
  help: 'say what a clip holds: frames, size, rate, damage',
  operands: [{ name: 'clip', argument: 'path', help: 'video file, or folder of pictures' }],
  options: DECODING,
})
