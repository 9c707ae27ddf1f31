import { text } from '../runtime/kinds.js'
import { option } from '../runtime/option.js'
import { DECODING } from '../video/index.js'
import { command } from './command.js'

export const probeCommand = command({
  name: 'probe',
  help: 'say what a clip holds: frames, size, rate, damage',
  operands: [{ name: 'clip', argument: 'path', help: 'video file, or folder of pictures' }],
  options: {
    ...DECODING,
    picture: option(text('file', 'a name ending in .png'), {
      help: "PNG to write: the clip's mean frame and its deviation over time, with the outline of its ultrasound sector",
    }),
  },
})
