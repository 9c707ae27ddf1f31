import { InfomotionError } from '../runtime/errors.js'

/** Kinds of files that are known and not read, by their beginnings or, where these say too little, by their names. */
const REFUSED: readonly { what: string; is: (start: string, path: string) => boolean; cure: string }[] = [
  {
    what: 'a picture, in PNG',
    is: (start) => start.startsWith('\x89PNG\r\n\x1a\n') && !start.includes('acTL'),
    cure: 'A folder of pictures is a clip: give the folder.',
  },
  {
    what: 'a picture, in PGM or PPM',
    is: (start) => /^P[1-6][\s#]/.test(start),
    cure: 'A folder of pictures is a clip: give the folder.',
  },
  {
    what: 'a picture, in TIFF',
    is: (start) => /^(II[*+]\0|MM\0[*+])/.test(start),
    cure: 'Frames are read as a folder of PNG, JPEG or PGM, or as one array (.npy).',
  },
  {
    what: 'a picture, in BMP',
    is: (start, path) => start.startsWith('BM') && /\.(bmp|dib)$/i.test(path),
    cure: 'Frames are read as a folder of PNG, JPEG or PGM.',
  },
  {
    what: 'a picture or an animation, in WebP',
    is: (start) => start.startsWith('RIFF') && start.startsWith('WEBP', 8),
    cure: 'Frames are read as a folder of PNG, JPEG or PGM; an animation is read as GIF or MP4.',
  },
  {
    what: 'a numpy archive (.npz)',
    is: (start, path) => start.startsWith('PK\x03\x04') && /\.npz$/i.test(path),
    cure: "Save its array of frames as .npy: numpy.save('clip.npy', numpy.load('clip.npz')['NAME']).",
  },
  {
    what: 'the pixels of a pair of NIfTI files (.hdr and .img)',
    is: (_, path) => /\.img(\.gz)?$/i.test(path),
    cure: 'Save both as one file, .nii or .nii.gz.',
  },
  {
    what: 'a MetaImage (.mhd, .mha)',
    is: (start, path) => /\.mh[ad]$/i.test(path) && /^\s*\w+ *=/.test(start),
    cure: "Save it as NIfTI: SimpleITK.WriteImage(SimpleITK.ReadImage('clip.mhd'), 'clip.nii.gz').",
  },
]

/** @throws VIDEO_UNREADABLE for such a file, with what to do */
export function expectReadable(head: Buffer, path: string): void {
  const start = head.toString('latin1', 0, 256)
  const found = REFUSED.find(({ is }) => is(start, path))
  if (found)
    throw new InfomotionError('VIDEO_UNREADABLE', `Expected a video at ${path}, but found ${found.what}. ${found.cure}`)
}
