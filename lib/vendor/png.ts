export { convertIndexedToRgb, decode as decodePng, encode as encodePng } from 'fast-png'
