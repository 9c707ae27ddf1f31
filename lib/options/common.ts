import { flag } from '../runtime/kinds.js'
import { type Options, option } from '../runtime/option.js'

/** What every command takes. */
export const COMMON = {
  json: option(flag(), { default: false, help: 'print exactly one JSON document on stdout' }),
} satisfies Options

/** What all that reads a data set is called with. */
export const DATASET = {
  name: 'dataset',
  argument: 'path',
  help: "folder (EchoNet's layouts, a table or a list of clips, or a folder per class), or the table itself",
}
