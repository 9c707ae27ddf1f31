export { type PhantomOptions, writePhantom } from './phantom.js'
