// The tables of docs/evidence.md and README.md, and the picture, from docs/evidence/SET.json (npm run evidence writes them).
import { scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'

const SELECTORS = {
  random: 'random',
  'random+swap': 'random, refined',
  kmedoids: 'k-medoids',
  'graph-coverage': 'graph coverage',
  infomap: 'Infomap modules',
  'infomap+swap': 'Infomap modules, refined',
  'infomap:uncut': 'Infomap modules, tiles not cut out',
}

const TILINGS = { plain: 'plain', '2x2': '2 x 2', '4x4': '4 x 4', auto: 'chosen by cross-validation' }

/** Sets in the order of the tables; digits has selectors alone. */
const setsIn = (evidence) => ['phantom', 'egogestar', 'lung'].flatMap((name) => evidence[name] ?? [])

const fixed = (x) => x.toFixed(1)
const signed = (x) => `${x < 0 ? '' : '+'}${fixed(x)}`

/** "+2.6 [-5.6, +10.9]", in bold where the interval excludes zero. */
export function difference(found) {
  if (!found) return '-'
  if (found.low === undefined) return signed(found.mean)
  const text = `${signed(found.mean)} [${signed(found.low)}, ${signed(found.high)}]`
  return found.low > 0 || found.high < 0 ? `**${text}**` : text
}

/** What students see first; the other rows are controls. */
const mainOf = (rows, student) => rows.find((row) => row.student === student)?.features

const rowOf = ({ rows }, wanted) =>
  rows.find((row) => Object.entries(wanted).every(([key, value]) => row[key] === value))

const fullOf = (set, student) => rowOf(set, { student, selector: 'full', features: mainOf(set.rows, student) })

/** Every row of a set and a student: accuracy, and beside it the points above random selection that is divided likewise. */
export function setTable(set, student) {
  const rows = set.rows.filter((row) => row.student === student)
  const features = mainOf(set.rows, student)
  const budgets = [...new Set(rows.map(({ vpc }) => vpc))]
  const cell = (wanted) => (vpc) => {
    const row = rowOf(set, { student, vpc, ...wanted })
    if (!row) return '-'
    return row.aboveRandom ? `${fixed(row.accuracy.mean)}; ${difference(row.aboveRandom)}` : fixed(row.accuracy.mean)
  }
  const body = Object.entries(TILINGS).flatMap(([tiling, division]) => {
    const inside = budgets.map((vpc) => rowOf(set, { student, vpc, tiling, selector: 'random', features })?.inside)
    if (inside.every((share) => share === undefined)) return []
    const named = Object.entries(SELECTORS).filter(([selector]) => rowOf(set, { student, tiling, selector, features }))
    return [
      [`*${division}*: clips inside, % of all`, ...inside.map((share) => (share === undefined ? '-' : fixed(share)))],
      ...named.map(([selector, name]) => [name, ...budgets.map(cell({ tiling, selector, features }))]),
    ]
  })
  const controls = [...new Set(rows.map((row) => row.features))].filter((name) => name !== features && name !== 'none')
  const without = controls.map((name) => [
    `plain, Infomap modules, student sees ${name} alone`,
    ...budgets.map(cell({ tiling: 'plain', selector: 'infomap', features: name })),
  ])
  const full = fullOf(set, student)
  const always = [
    ['all clips', ...budgets.map(() => fixed(full.accuracy.mean))],
    ['chance', ...budgets.map(() => fixed(100 * set.chance))],
  ]
  return table(['trained on', ...budgets.map((vpc) => `${vpc} a class`)], [...body, ...without, ...always])
}

/** One row a set: a video a class, plain and composed of four clips. */
export function headlineTable(evidence) {
  const head = [
    'one video a class of',
    'random, plain',
    'Infomap, plain',
    'random, 2 x 2',
    'Infomap, 2 x 2',
    'all clips',
    'chance',
  ]
  const body = setsIn(evidence).flatMap((set) =>
    [1].map((vpc) => {
      const features = mainOf(set.rows, 'linear')
      const cells = ['plain', '2x2'].flatMap((tiling) =>
        ['random', 'infomap'].map((selector) => {
          const row = rowOf(set, { student: 'linear', vpc, tiling, selector, features })
          if (!row) return '-'
          const { low, high } = row.accuracy
          const inside =
            tiling === '2x2' && selector === 'random' ? `; ${row.inside.toFixed(0)} % of the clips inside` : ''
          return `${fixed(row.accuracy.mean)} [${fixed(low)}, ${fixed(high)}]${inside}`
        }),
      )
      return [`${set.name}: ${set.what}`, ...cells, fixed(fullOf(set, 'linear').accuracy.mean), fixed(100 * set.chance)]
    }),
  )
  return table(head, body)
}

/** CPU seconds of the whole way at five videos a class, stage by stage. */
export function costTable(evidence) {
  const stages = ['features', 'graph', 'infomap', 'select', 'synthesize', 'train', 'evaluate']
  const measured = setsIn(evidence).filter(({ cost }) => cost.none && cost.compose)
  const body = measured.flatMap((set) =>
    ['none', 'compose'].map((synthesize) => {
      const cost = set.cost[synthesize]
      const tiling = synthesize === 'none' ? 'plain' : 'auto'
      return [`${set.name}, ${TILINGS[tiling]}`, ...stages.map((stage) => cost[stage] ?? '-')]
    }),
  )
  return table(['set', ...stages], body)
}

const LINES = [
  { tiling: 'plain', selector: 'random', name: 'plain, random', style: 'stroke="#888" stroke-dasharray="2 3"' },
  { tiling: 'plain', selector: 'infomap', name: 'plain, Infomap', style: 'stroke="#888"' },
  { tiling: '2x2', selector: 'random', name: '2 x 2, random', style: 'stroke="#c2410c" stroke-dasharray="2 3"' },
  { tiling: '2x2', selector: 'infomap', name: '2 x 2, Infomap', style: 'stroke="#c2410c"' },
]

/** Accuracy against videos a class, a panel a set, the clips inside the composed ones named: an SVG for any background. */
export function curve(evidence) {
  const sets = setsIn(evidence)
  const [w, h, left, top] = [330, 250, 38, 52]
  const panel = (set, i) => {
    const features = mainOf(set.rows, 'linear')
    const at = (wanted) =>
      set.rows.filter((row) =>
        Object.entries({ student: 'linear', features, ...wanted }).every(([k, v]) => row[k] === v),
      )
    const budgets = [...new Set(at({ tiling: 'plain', selector: 'random' }).map(({ vpc }) => vpc))]
    const full = fullOf(set, 'linear').accuracy.mean
    const floor = Math.floor((100 * set.chance) / 10) * 10
    const x = scaleLog([budgets[0], budgets.at(-1)], [left, w - 14])
    const y = scaleLinear([Math.max(0, floor - 5), Math.ceil((full + 5) / 10) * 10], [h - 30, top])
    const level = (value, name) =>
      `<path d="M${left} ${y(value)}H${w - 14}" stroke="#888"/><text x="${left}" y="${y(value) - 4}" class="m">${name} ${fixed(value)}</text>`
    const drawn = LINES.map(({ tiling, selector, style }) => {
      const points = at({ tiling, selector })
      const d = line(
        (row) => x(row.vpc),
        (row) => y(row.accuracy.mean),
      )(points)
      const marks = points.map(
        (row) =>
          `<circle cx="${x(row.vpc)}" cy="${y(row.accuracy.mean)}" r="2.5" fill="#${style.slice(9, 9 + 6).replace(/[^0-9a-f].*/, '')}"/>`,
      )
      return `<path d="${d}" fill="none" ${style} stroke-width="2"/>${marks.join('')}`
    })
    const inside = at({ tiling: '2x2', selector: 'infomap' }).map(
      (row) =>
        `<text x="${x(row.vpc)}" y="${y(row.accuracy.mean) + 14}" text-anchor="middle" class="m">${row.samples}</text>`,
    )
    const ticks = [
      ...budgets.map((vpc) => `<text x="${x(vpc)}" y="${h - 14}" text-anchor="middle">${vpc}</text>`),
      ...y.ticks(4).map((value) => `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`),
    ]
    return `<g transform="translate(${i * w} 0)"><text x="${left}" y="16" class="t">${set.name}</text><text x="${left}" y="30" class="m">${set.what}</text>
${level(full, 'all clips')}${level(100 * set.chance, 'chance')}
${drawn.join('\n')}
${inside.join('')}${ticks.join('')}</g>`
  }
  const legend = LINES.map(({ name, style }, i) => {
    const from = left + i * 150
    return `<path d="M${from} ${h + 12}h24" ${style} stroke-width="2"/><text x="${from + 30}" y="${h + 16}">${name}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${sets.length * w} ${h + 40}" role="img" aria-label="Balanced accuracy against videos a class">
<style>text{font:11px system-ui,sans-serif;fill:#777}.t{font-weight:600}.m{font-size:10px}</style>
${sets.map(panel).join('\n')}
${legend.join('')}
<text x="${left}" y="${h + 34}" class="m">Balanced accuracy, %, of a linear student against videos a class. At the points: clips inside the composed videos.</text>
</svg>
`
}

export function table(head, body) {
  const cells = (row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [head, head.map(() => '---'), ...body].map(cells).join('\n')
}
