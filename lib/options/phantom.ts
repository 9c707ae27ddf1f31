import { PHANTOM } from '../phantom/options.js'
import { command } from './command.js'

export const phantomCommand = command({
  name: 'phantom',
  help: "write a synthetic echocardiography data set in EchoNet-Dynamic's layout",
  operands: [{ name: 'dir', argument: 'dir', help: 'folder to write it to' }],
  options: PHANTOM,
})
