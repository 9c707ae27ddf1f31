import { join } from 'node:path'
import t from 'tap'
import { root } from './support.js'

// The core's own tests are a program that prints TAP (native/test/); they run without Node.
t.spawn(join(root, 'build', 'core', 'core_test'), [], {}, 'native core')
