import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { readDataSet, writeDataSet } from '#lib/dataset/index.js'
import { inventoryOf, listName } from '#lib/run/output.js'
import { Random } from '#lib/runtime/random.js'
import { plainItems } from '#lib/synthesize/index.js'

/**
 * Hostile data sets, read and written out: names that a writer uses itself, that lead elsewhere, that are links, pipes or
 * folders, twins, very long; folders of results that hold something already. Whatever comes of it, nothing outside the
 * folder of results may change, the source above all, and in it only what the list names is new.
 */

/** What must not be touched. */
const PRECIOUS = 'precious'
/** A pipe to be linked to: making one takes a process. */
const pipe = join(mkdtempSync(join(tmpdir(), 'infomotion-pipe-')), 'pipe')
execFileSync('mkfifo', [pipe])
process.on('exit', () => rmSync(dirname(pipe), { recursive: true, force: true }))

const RESERVED = [
  'weights.csv',
  'NOTICE.txt',
  'phantom.json',
  'VolumeTracings.csv',
  'manifest.json',
  'report.html',
  'cache',
]
const LISTS = [listName('set'), listName('comparison'), '.lock', '.partial-0123abcd']
const PLAIN = ['a.avi', 'b.avi', 'c.avi', 'd.avi', 'e.avi', 'f.avi', 'sub/g.avi', 'sub/h.avi']
const ODD = [
  ...[
    'A.AVI',
    'WEIGHTS.CSV',
    'e\u0301.avi',
    '\u00e9.avi',
    'new\nline.avi',
    'tab\t.avi',
    '-rf.avi',
    ' lead.avi',
    'q"uote.avi',
  ],
  ...[
    '..avi',
    '...',
    '.hidden.avi',
    '.bashrc',
    'd',
    'd/e.avi',
    'list.csv',
    'FileList.csv',
    'Videos/a.avi',
    `${'x'.repeat(250)}.avi`,
  ],
  ...[
    '\u202egnp.avi',
    '%2e%2e',
    'C:\\a.avi',
    'back\\slash.avi',
    'con',
    '$(touch x).avi',
    '*.avi',
    "it's;rm.avi",
    '\x1b[2J.avi',
  ],
]
const LEADING_OUT = [
  '../victim/file',
  '../../victim/file',
  '../a.avi',
  'sub/../../victim/file',
  '/VICTIM/file',
  '../../out/x',
]
const CLASSES = ['x', 'y', '..', '.', 'weights.csv', 'train', 'a/b', '-', 'é', 'e\u0301', 'X', '\n', '']

const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`

/** Makes a data set of that number, reads and writes it, and looks at what became of everything else. */
export async function trySet(seed: number): Promise<void> {
  const base = mkdtempSync(join(tmpdir(), 'infomotion-sets-'))
  try {
    await new Trial(base, new Random(seed, 'sets')).run()
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

class Trial {
  private readonly source: string
  private readonly victim: string
  private readonly out: string

  constructor(
    private readonly base: string,
    private readonly random: Random,
  ) {
    this.victim = join(base, 'victim')
    this.source = join(base, this.one(['source', 'project/source', 'out/source']))
    this.out = join(base, this.one(['out', 'out', 'out', 'project', 'out/deep', 'link-to-out', 'victim-by-link']))
  }

  async run(): Promise<void> {
    const { victim, source } = this
    this.lay(join(victim, 'file'), PRECIOUS)
    this.lay(join(victim, 'sub', 'file'), PRECIOUS)
    this.lay(join(this.base, 'a.avi'), PRECIOUS)
    symlinkSync('out', join(this.base, 'link-to-out'))
    symlinkSync('victim', join(this.base, 'victim-by-link'))
    mkdirSync(source, { recursive: true })
    const table = this.one([
      () => this.makeTable(),
      () => this.makeTable(),
      () => this.makeLists(),
      () => this.makeFolders(),
    ])()
    this.makeSideFiles()
    if (this.chance(0.35)) this.makeEarlier()

    const [before, read] = [this.everythingElse(), JSON.stringify(this.treeOf(source))]
    const held = new Map(this.treeOf(this.out))
    let failure: unknown
    for (let round = 0; round < 2 && failure === undefined; round++) {
      failure = await this.distil(table).catch((error) => error)
      const now = this.everythingElse()
      for (const [path, is] of before) this.promise(now.get(path) === is, `${path} was ${is} and is ${now.get(path)}`)
      const above = `${this.realOut()}/`
      for (const path of now.keys())
        this.promise(before.has(path) || above.startsWith(`${join(this.base, path)}/`), `${path} is new`)
      const isSame = JSON.stringify(this.treeOf(source)) === read
      this.promise(isSame || this.out === source, 'the source is as it was')
      await this.expectListed(held, failure === undefined)
    }
    if (failure !== undefined) throw failure
  }

  private async distil(table: string): Promise<void> {
    const dataSet = await readDataSet(table, { allowMissing: true, classes: 'labels', seed: this.random.below(100) })
    const train = dataSet.clips.filter(({ split }) => split === 'train')
    const some = train.filter((_, i) => i === 0 || this.chance(0.5))
    await writeDataSet(this.out, dataSet, plainItems(some), { materialize: this.one(['copy', 'copy', 'link', 'list']) })
  }

  /** In the folder of results all is as it was, or in the list; and what is listed is there. */
  private async expectListed(held: ReadonlyMap<string, string>, written: boolean): Promise<void> {
    if (!existsSync(this.out)) return
    const now = new Map(this.treeOf(this.out))
    const listed = new Set((await inventoryOf(this.out, 'set').catch(() => undefined))?.files)
    for (const [path, is] of now) {
      const own = path === listName('set') || listed.has(path) || held.get(path) === is
      this.promise(own || is === 'folder', `${path} (${is}) is new in the folder of results, and not in the list`)
      this.promise(!path.startsWith('.partial-') || held.has(path), `${path} is left half-written`)
    }
    if (written) for (const file of listed) this.promise(now.has(file), `${file} is listed, and not there`)
    const isOurs = (path: string) => this.earlier.has(path) || held.get(path) === 'folder'
    // a folder that held nothing but what was ours goes with it
    const emptied = (folder: string) =>
      held.get(folder) === 'folder' && [...held.keys()].every((path) => !path.startsWith(`${folder}/`) || isOurs(path))
    for (const [path, is] of held)
      this.promise(
        now.get(path) === is || emptied(path) || path.startsWith('.infomotion-') || this.earlier.has(path),
        `${path} was ${is} and is ${now.get(path)}`,
      )
  }

  /** Files that a list in the folder of results named before: ours to replace. */
  private earlier = new Set<string>()

  /** A table with its clips; gives the path to read. */
  private makeTable(): string {
    const echonet = this.chance(0.4)
    const videos = echonet ? join(this.source, 'Videos') : this.source
    const names = [...PLAIN, ...this.some([...ODD, ...RESERVED, ...LISTS], 0.12), ...this.some(LEADING_OUT, 0.15)]
    const rows = names.map((name, i) => {
      const path = name.replace('/VICTIM', this.victim)
      if (this.chance(0.97)) this.makeClip(path.startsWith('/') ? path : join(videos, path))
      const split = this.one(['TRAIN', 'TRAIN', 'TEST', 'VAL'])
      return echonet ? [path, String(20 + 40 * (i % 2)), split] : [path, `c${i % 2}`, split]
    })
    const header = echonet ? ['FileName', 'EF', 'Split'] : ['path', 'label', 'split']
    if (this.chance(0.3)) {
      // parts of videos, two of some
      header.push('start', 'end')
      for (const row of [...rows]) {
        if (this.chance(0.5)) rows.push([...row, '2.5', this.one(['4', '', '1', 'x'])])
        row.push(
          ...this.one([
            ['0', '1.5'],
            ['0', '1.5'],
            ['', ''],
            ['-1', '2'],
          ]),
        )
      }
    }
    const table = echonet
      ? 'FileList.csv'
      : this.one(['list.csv', 'list.csv', 'weights.csv', 'manifest.json.csv', 'phantom.json'])
    this.lay(join(this.source, table), `${[header, ...rows].map((row) => row.map(quoted).join(',')).join('\n')}\n`)
    return echonet || this.chance(0.5) ? this.source : join(this.source, table)
  }

  /** A list or a table a split, beside the clips or in folders of their own. */
  private makeLists(): string {
    const apart = this.chance(0.5)
    const name = apart ? 'metadata.csv' : this.one(['list.csv', 'list.txt', '.txt', '.csv', 'list01.txt'])
    for (const split of ['train', 'test', ...this.some(['val'], 0.5)]) {
      const folder = join(this.source, apart ? split : '')
      const clips = PLAIN.filter((_, i) => (i % 3 === 0) === (split === 'test'))
      const names = [
        ...clips,
        ...this.some([...ODD, ...RESERVED, ...LISTS, 'metadata.csv', `test${name}`], 0.08),
        ...this.some(LEADING_OUT, 0.1),
      ]
      const rows = names.map((clip, i) => {
        const path = clip.replace('/VICTIM', this.victim)
        if (this.chance(0.97)) this.makeClip(path.startsWith('/') ? path : join(folder, path))
        return apart || name.endsWith('.csv') ? `${quoted(path)},c${i % 2}` : `${path} ${i % 2}`
      })
      const header = apart ? ['file_name,label'] : []
      this.lay(join(folder, apart ? name : `${split}${name}`), [...header, ...rows, ''].join('\n'))
    }
    return this.source
  }

  private makeFolders(): string {
    const splits = this.chance(0.5) ? ['train', 'test'] : ['']
    for (const name of ['x', 'y', ...this.some(CLASSES, 0.15)]) {
      if (/^\.{0,2}$/.test(name)) continue
      for (const split of splits)
        for (const clip of [...PLAIN.slice(0, 3), ...this.some([...ODD, ...RESERVED], 0.04)])
          this.makeClip(join(this.source, split, name, basename(clip)))
    }
    return this.source
  }

  /** A file, or what only looks like one. */
  private makeClip(path: string): void {
    const kind = this.random.below(40)
    if (kind === 0) this.link(join(this.victim, 'file'), path)
    else if (kind === 1) this.link(this.victim, path)
    else if (kind === 2) this.link(pipe, path)
    else if (kind === 3) this.make(() => mkdirSync(path, { recursive: true }))
    else if (kind === 4) this.link('nowhere', path)
    else if (kind === 5) this.make(() => linkSync(join(this.victim, 'file'), path))
    else this.lay(path, `clip ${this.random.below(1e6)}`)
  }

  private makeSideFiles(): void {
    for (const name of ['VolumeTracings.csv', 'phantom.json']) {
      const path = join(this.source, name)
      const kind = this.random.below(8)
      if (kind === 0) this.lay(path, `FileName,X1\n${PLAIN.map((clip) => `${clip},1`).join('\n')}\n`)
      else if (kind === 1) this.link(join(this.victim, 'file'), path)
      else if (kind === 2) this.link(pipe, path)
      else if (kind === 3) this.make(() => mkdirSync(path))
    }
  }

  /** The folder of results holds something already: a user's files, links, lists that lie. */
  private makeEarlier(): void {
    this.make(() => mkdirSync(this.out, { recursive: true }))
    const things = [
      ...RESERVED,
      ...PLAIN,
      'train/x/a.avi',
      'train',
      'Videos',
      'Videos/a.avi',
      'list.csv',
      'FileList.csv',
      'mine.txt',
    ]
    for (const name of this.some(things, 0.1)) {
      const path = join(this.out, name)
      if (this.chance(0.5)) this.lay(path, 'mine')
      else this.link(this.one([this.victim, join(this.victim, 'file'), 'nowhere', this.source]), path)
    }
    if (!this.chance(0.5)) return
    const files = this.some([...things, '../victim/file', '/etc/passwd', 'a/../../victim/file'], 0.15)
    const from = this.one([
      `${basename(this.source)} (csv)`,
      `${basename(this.source)} (echonet)`,
      `${basename(this.source)} (folder)`,
      'other (csv)',
    ])
    this.lay(join(this.out, listName('set')), JSON.stringify({ schema: 'infomotion.files/1', from, files }))
    this.earlier = new Set(files)
  }

  /** All but the folder of results: what each thing is. */
  private everythingElse(): Map<string, string> {
    const out = this.realOut()
    return new Map(
      this.treeOf(this.base).filter(
        ([path]) => !join(this.base, path).startsWith(`${out}/`) && join(this.base, path) !== out,
      ),
    )
  }

  private realOut(): string {
    const links: Record<string, string> = { 'link-to-out': 'out', 'victim-by-link': 'victim' }
    const name = basename(this.out)
    return links[name] ? join(this.base, links[name]) : this.out
  }

  private treeOf(root: string): [string, string][] {
    const found: [string, string][] = []
    const walk = (folder: string, name: string) => {
      for (const entry of readdirSync(folder).sort()) {
        const path = join(folder, entry)
        const relative = name === '' ? entry : `${name}/${entry}`
        const facts = lstatSync(path)
        if (facts.isSymbolicLink()) found.push([relative, `link to ${readlinkSync(path)}`])
        else if (facts.isDirectory()) {
          found.push([relative, 'folder'])
          walk(path, relative)
        } else found.push([relative, facts.isFile() ? `file ${readFileSync(path, 'latin1')}` : 'pipe'])
      }
    }
    if (existsSync(root)) walk(root, '')
    return found
  }

  private lay(path: string, text: string): void {
    this.make(() => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text, { flag: 'wx' })
    })
  }

  private link(target: string, path: string): void {
    this.make(() => {
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync(target, path)
    })
  }

  /** What cannot be made (a name twice, too long, below a file) is left out. */
  private make(making: () => void): void {
    try {
      making()
    } catch {
      // another data set, then
    }
  }

  private chance(share: number): boolean {
    return this.random.uniform() < share
  }

  private one<T>(of: readonly T[]): T {
    return of[this.random.below(of.length)]
  }

  private some<T>(of: readonly T[], share: number): T[] {
    return of.filter(() => this.chance(share))
  }

  private promise(holds: boolean, what: string): void {
    if (!holds) throw new Error(`broken promise: ${what}`)
  }
}
