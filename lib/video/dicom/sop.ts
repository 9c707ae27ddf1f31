/** What kinds of objects are called, by the beginning of their SOP class (PS3.4, B.5; PS3.6, A) behind 1.2.840.10008. */
const KINDS: readonly [start: string, name: string][] = [
  ['5.1.4.1.1.88', 'a structured report'],
  ['5.1.4.1.1.11', 'a presentation state'],
  ['5.1.4.1.1.9', 'a waveform, as an ECG'],
  ['5.1.4.1.1.104', 'an encapsulated document, as a PDF'],
  ['5.1.4.1.1.66', 'raw data, a registration or a segmentation'],
  ['5.1.4.1.1.481', 'an object of radiotherapy'],
  ['5.1.4.1.1.4.2', 'MR spectroscopy'],
  ['5.1.4.1.1.3', 'a multi-frame ultrasound image'],
  ['5.1.4.1.1.6', 'an ultrasound image'],
  ['5.1.4.1.1.7', 'a secondary capture image'],
  ['5.1.4.1.1.12', 'an angiographic image'],
  ['5.1.4.1.1.2', 'a CT image'],
  ['5.1.4.1.1.4', 'an MR image'],
  ['1.3.10', 'a directory of files (DICOMDIR)'],
  ['5.1.4.38', 'a hanging protocol'],
]

/** What kind of object a file says that it holds; undefined: none that is known here. */
export function kindOf(sopClass = ''): string | undefined {
  const uid = sopClass.replace(/^1\.2\.840\.10008\./, '')
  return KINDS.find(([start]) => uid === start || uid.startsWith(`${start}.`))?.[1]
}
