// `node scripts/bench/readme.mjs FILE.json...`: puts measurements into README.md. A FILE is what `npm run bench:NAME --
// --json` printed, called NAME.json or NAME-anything.json; its rows replace what stands between the lines
// <!-- bench:NAME --> and <!-- /bench:NAME -->, so that no number of README's tables is typed by hand.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const short = (x) => (typeof x === 'number' ? String(Number(x.toPrecision(4))) : x)
const cell = (text) => String(text).replaceAll('|', '\\|')

function table({ machine, versions, rows }) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`
  const body = rows.map(({ name, ours, peer, peerName, unit, ratio, quality, reason }) => {
    const bought = Object.entries(quality).map(([key, value]) => `${key} ${short(value)}`)
    return line([
      name,
      `${short(ours)} ${unit}`,
      peer === null ? (reason ?? 'none') : `${short(peer)} (${peerName})`,
      ratio === null ? '' : `${short(ratio)}x`,
      bought.join(', '),
    ])
  })
  const used = Object.entries(versions).map(([key, value]) => `${key} ${value}`)
  return [
    `${machine.cpu}, ${machine.cores} cores; ${used.join(', ')}.`,
    '',
    line(['what', 'ours', 'peer', 'ratio', 'quality']),
    line(['---', '---', '---', '---', '---']),
    ...body,
  ].join('\n')
}

let text = readFileSync(readme, 'utf8')
for (const path of process.argv.slice(2)) {
  const name = basename(path).split(/[-.]/)[0]
  const [start, end] = [`<!-- bench:${name} -->\n`, `\n<!-- /bench:${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) {
    console.error(`README.md has no lines ${start.trim()} and ${end.trim()}.`)
    process.exit(1)
  }
  text = `${text.slice(0, from + start.length)}${table(JSON.parse(readFileSync(path, 'utf8')))}${text.slice(to)}`
}
writeFileSync(readme, text)
