import { flag, oneOf, text } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'
import { command } from './command.js'

/** What `exportDistilled` can be told. */
export const EXPORT = {
  out: option(text('dir', 'a folder'), { required: true, short: 'o', help: 'folder to write to' }),
  format: option(oneOf(['folder'] as const), { default: 'folder', help: 'what is written: videos and a table' }),
  tiles: option(flag(), { default: false, help: 'write the tiles of composed videos as clips of their own' }),
} satisfies Options

export const exportCommand = command({
  name: 'export',
  help: 'write a distilled set as plain clips with an ordinary table, for loaders that know nothing of tiles',
  operands: [{ name: 'distilled', argument: 'folder', help: 'folder that distill wrote' }],
  options: EXPORT,
})
