import { serveParent } from './child.js'
import { InfomotionError } from './errors.js'
import { decode, encode, type JpegRequest } from './jpeg-codec.js'

/** The process of `jpeg.ts`. */
const reply = serveParent<{ id: number; request: JpegRequest }, object>(async ({ id, request }) => {
  try {
    reply({ id, result: await ('decode' in request ? decode(request.decode) : encode(request.encode)) })
  } catch (error) {
    const code = error instanceof InfomotionError ? error.code : undefined // no fault of the JPEG
    reply({ id, error: (error as Error).message, code })
  }
})
