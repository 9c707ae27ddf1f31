export type { PhantomOptions } from './options.js'
export { type PhantomResult, writePhantom } from './phantom.js'
