import { createHash } from 'node:crypto'
import { type Html, html, trusted } from './html.js'
import { style } from './style.js'

/** What every page has. */
export interface Page {
  title: string
  /** One line below the title. */
  kind: string
  /** What must be known before anything else on the page. */
  banners: readonly string[]
  /** What was found, in sentences. */
  lead: readonly string[]
  /** Anchor, heading, content. */
  sections: readonly (readonly [string, string, Html])[]
  /** Of this package. */
  version: string
  /** The file beside the page that has its numbers. */
  numbers: string
  script?: string
}

/**
 * A page that needs nothing else: no network, and a policy that refuses every script and style but its own, by their
 * hashes.
 */
export function document({ title, kind, banners, lead, sections, version, numbers, script }: Page): string {
  const policy =
    `default-src 'none'; img-src data:; style-src '${hash(style)}'; ` +
    `script-src ${script ? `'${hash(script)}'` : "'none'"}; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#${sections[0][0]}">Skip to the results</a>
<header>
<h1>${title}</h1>
<p class="kind">${kind}</p>
${banners.map((text) => html`<p class="banner" role="note">${text}</p>`)}
<div class="lead">${lead.map((sentence) => html`<p>${sentence.replaceAll(' %', '\u00a0%')}</p>`)}</div>
<nav aria-label="Sections"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>${sections.map(
    ([id, title, content]) => html`
<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>`,
  )}
</main>
<footer>Made by infomotion ${version}, after InfoMotion (arXiv 2512.09422).
The numbers of this page stand in ${numbers} beside it.</footer>${
    script &&
    html`
<script>${trusted(script)}</script>`
  }
</body>
</html>
`.text
}

const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`
