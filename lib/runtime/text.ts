/**
 * Text that came from outside (labels, file names, what a decoder says), made safe to show.
 */

/** C0 and C1 controls but for tab and line feed, DEL, line separators, and marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** For a terminal: controls, which could move its cursor or change its title, as escapes that can be read (`\x1b`). */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** JSON of one line, with such characters as escapes: the same document. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** What XML 1.0 cannot hold (section 2.2: controls, halves of surrogate pairs, two non-characters). */
const NO_XML =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** For HTML, SVG and XML, as text or between quotes: markup escaped, characters that no document may hold replaced. */
export function escapeMarkup(text: string): string {
  return text.replace(NO_XML, '\ufffd').replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
