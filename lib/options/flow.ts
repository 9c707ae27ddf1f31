import { FARNEBACK } from '../flow/options.js'
import { flag, number, text } from '../runtime/kinds.js'
import { option } from '../runtime/option.js'
import { DECODING } from '../video/index.js'
import { command } from './command.js'

const OUT =
  'two images: OUT.flo, OUT.png (KITTI, 16 bits) or OUT.npy [h, w, 2]; a clip: OUT.npy [pairs, h, w, 2]; ' +
  'pictures: OUT.png, of a clip OUT.avi'

export const flowCommand = command({
  name: 'flow',
  help: 'dense Farneback flow of two images (PNG, JPEG, PGM, PPM) or of a clip, as numbers or as pictures',
  operands: [
    { name: 'first', help: 'first image, or a clip' },
    { name: 'second', help: 'second image', optional: true },
  ],
  options: {
    out: option(text('file', 'a file'), { required: true, short: 'o', help: OUT }),
    colour: option(flag(), { default: false, help: 'a picture: direction as hue, speed as saturation' }),
    quiver: option(flag(), { default: false, help: 'a picture: arrows over the frame' }),
    maxFlow: option(number(), {
      absent: '99 % of the pixels are slower',
      unit: 'px/frame',
      help: 'speed that pictures show in full',
    }),
    ...FARNEBACK,
    ...DECODING,
    init: option(text('file', 'a file'), { help: 'a first guess at the flow of two images (.flo, KITTI .png, .npy)' }),
  },
})
