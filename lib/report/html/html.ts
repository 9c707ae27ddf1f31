import { escapeMarkup } from '../../runtime/text.js'

/** Markup that is safe to stand in a page. Only {@link html} and {@link trusted} make it. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | false | null | undefined | readonly Part[]

/**
 * Markup from a template: what is interpolated is escaped, for text and for quoted attributes alike, unless it is
 * markup itself. File names and labels come from the data, so nothing else may build markup.
 */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((text, string, i) => text + rendered(parts[i - 1]) + string))
}

/** Text of this package (its style sheet, its script) that goes in as it is. */
export const trusted = (text: string): Html => new Html(text)

function rendered(part: Part): string {
  if (part instanceof Html) return part.text
  if (part === false || part === null || part === undefined) return ''
  if (typeof part === 'object') return part.map(rendered).join('')
  return escapeMarkup(String(part))
}
