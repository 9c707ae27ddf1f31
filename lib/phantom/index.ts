export type { PhantomOptions } from './options.js'
export { writePhantom } from './phantom.js'
