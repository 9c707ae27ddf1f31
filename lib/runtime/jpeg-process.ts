import { serveParent } from './child.js'
import { decode, encode, type JpegRequest } from './jpeg-codec.js'

/** The process of `jpeg.ts`. */
const reply = serveParent<{ id: number; request: JpegRequest }, object>(async ({ id, request }) => {
  try {
    reply({ id, result: await ('decode' in request ? decode(request.decode) : encode(request.encode)) })
  } catch (error) {
    reply({ id, error: (error as Error).message })
  }
})
