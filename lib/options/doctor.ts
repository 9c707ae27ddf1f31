import { command } from './command.js'

export const doctorCommand = command({
  name: 'doctor',
  help: 'say what works here, what is missing, and the command for it; exits 1 where something is broken',
  operands: [],
  options: {},
})
