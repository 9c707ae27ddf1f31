/** A column of a table of embeddings, and what its values are. */
export interface Column {
  name: string
  kind: 'number' | 'list' | 'text'
}

/** Which columns hold what, by their places. */
export interface Roles {
  /** What a row belongs to. */
  id?: number
  /** A column of lists, or columns of a number each. */
  values: number[]
  /** Names of the columns that are neither. */
  leftOut: string[]
}

/** Names of columns that say what a row belongs to, those first that tell clips apart best; letters and digits alone count. */
const IDS = [
  ...['path', 'filepath', 'videopath', 'clippath', 'file', 'filename', 'videofile', 'videofilename', 'video', 'clip'],
  ...['videoname', 'clipname', 'videoid', 'clipid', 'uri', 'url', 'id', 'uid', 'key', 'name', 'index'],
]

/** What tables of clips say besides: a label among the features would be the answer. */
const FACTS = new Set([
  ...['label', 'labels', 'class', 'classname', 'classid', 'classindex', 'target', 'y', 'ef', 'esv', 'edv', 'lvef'],
  ...['split', 'fold', 'subset', 'partition', 'group', 'patient', 'patientid', 'subject', 'subjectid', 'studyid'],
  ...['fps', 'numberofframes', 'frames', 'framewidth', 'frameheight', 'width', 'height', 'start', 'end', 'weight'],
  ...['age', 'sex', 'view'],
])

/** Columns of lists, where there are several. */
const LISTS = ['embedding', 'embeddings', 'features', 'feature', 'vector', 'emb']

/** What data frames are saved with where nobody named it: row numbers, or an index of texts. */
const NAMELESS = /^(|unnamed: *\d+|level_\d+|__index_level_\d+__)$/i

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/**
 * Finds out which columns are features: the one of lists, or else all of numbers but those that are known to say something
 * else of clips.
 *
 * @param others - names of columns that are no features either: those of the data set's own table
 * @returns a reason in words where that cannot be told
 */
export function rolesOf(columns: readonly Column[], others: readonly string[] = []): Roles | string {
  const known = new Set(others.map(plain))
  const isNameless = ({ name }: Column) => NAMELESS.test(name)
  const isFact = ({ name }: Column) => FACTS.has(plain(name)) || (known.has(plain(name)) && plain(name) !== '')
  const all = [...columns.keys()]
  const texts = all.filter((c) => columns[c].kind === 'text')
  const named = IDS.flatMap((id) => all.filter((c) => plain(columns[c].name) === id && columns[c].kind !== 'list'))
  const others_ = texts.filter((c) => !isFact(columns[c]))
  const id = named[0] ?? others_.find((c) => !isNameless(columns[c])) ?? others_[0]
  const ids = new Set([id, ...named])
  const lists = all.filter((c) => columns[c].kind === 'list')
  const list =
    lists.length === 1 ? lists[0] : LISTS.flatMap((name) => lists.filter((c) => plain(columns[c].name) === name))[0]
  if (lists.length > 0 && list === undefined)
    return `its columns ${lists.map((c) => `"${columns[c].name}"`).join(', ')} all hold lists: call the one that is meant "embedding"`
  const numbers = all.filter(
    (c) => columns[c].kind === 'number' && !ids.has(c) && !isNameless(columns[c]) && !isFact(columns[c]),
  )
  const values = list === undefined ? numbers : [list]
  if (values.length === 0) return `none of its columns holds features: ${firstNames(columns)}`
  const leftOut = all
    .filter((c) => c !== id && !values.includes(c) && !isNameless(columns[c]))
    .map((c) => columns[c].name)
  return { id, values, leftOut }
}

function firstNames(columns: readonly Column[]): string {
  const names = columns.slice(0, 10).map(({ name, kind }) => `"${name}" (${kind})`)
  return names.join(', ') + (columns.length > 10 ? ` and ${columns.length - 10} more` : '')
}
