import { DESCRIBING } from '../dataset/describe.js'
import { command } from './command.js'
import { DATASET } from './common.js'

export const dataCommand = command({
  name: 'data',
  help: 'say what a data set is understood to be: layout, columns, classes by split, groups, files, sizes, rates',
  operands: [DATASET],
  options: DESCRIBING,
})
