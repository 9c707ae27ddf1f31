import t from 'tap'
import { commandLineCases } from './bad-input/command-line.js'
import { testTables } from './bad-input/tables.js'

// Beside bad-input.test.ts: each case is a process, and together they take longer than all other tables.

t.setTimeout(300_000)

testTables({ 'command line': () => commandLineCases }, 50)
