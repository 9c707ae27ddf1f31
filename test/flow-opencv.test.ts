import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { needs, root } from './support.js'

// Every fourth case runs on each instruction set that this machine has. The long form, for sizes up to 2000 px:
//   build/core/flow_opencv 1000 7 2000
const program = join(root, 'build', 'core', 'flow_opencv')
const built = existsSync(program)
t.test("beside OpenCV's own flow", needs(built, 'Debian package libopencv-video-dev'), async (t) => {
  t.spawn(program, ['80', '1', '400'], {}, 'random sizes, parameters and images')
})
