import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { codelength, infomap, parseNetwork, readNetwork, readPartition } from 'infomotion/infomap'
import type { Case } from './case.js'

/** Reads a network, and asks for its modules where it reads. */
function network(what: string, text: string | Uint8Array, expected: string): Case {
  const read = async () => {
    const found = await parseNetwork(Buffer.from(text as string))
    await infomap(found, { twoLevel: true, trials: 1, threads: 1 })
    return `${found.nodes} nodes, ${found.sources.length} links`
  }
  return { what: `network: ${what}`, read, expected }
}

/** Reads a network from a file. */
function networkFile(what: string, bytes: Uint8Array | undefined, expected: string): Case {
  const read = async (folder: string) => {
    if (bytes) writeFileSync(join(folder, 'net'), bytes)
    const { nodes, sources } = await readNetwork(join(folder, 'net'))
    return `${nodes} nodes, ${sources.length} links`
  }
  return { what: `network file: ${what}`, read, expected }
}

/** Reads a partition of three nodes. */
function partition(what: string, text: string, expected: string): Case {
  const read = async (folder: string) => {
    writeFileSync(join(folder, 'p.clu'), text)
    return (await readPartition(join(folder, 'p.clu'), await parseNetwork(Buffer.from('1 2\n2 3\n'))))[0].join()
  }
  return { what: `.clu: ${what}`, read, expected }
}

/** Calls infomap with a network that no reader made. */
function call(what: string, graph: unknown, expected = 'INVALID_ARGUMENT', options: object = {}): Case {
  const read = async () => {
    await infomap(graph as Parameters<typeof infomap>[0], { twoLevel: true, trials: 1, threads: 1, ...options })
    return 'read'
  }
  return { what: `infomap: ${what}`, read, expected }
}

const bad = 'NETWORK_UNREADABLE'
const links = gzipSync('1 2\n2 3\n')
const u32 = (...values: number[]) => Uint32Array.from(values)
const pair = { sources: u32(0), targets: u32(1) }

export const networkCases: Case[] = [
  // What is unusual and right.
  network('empty', '', '0 nodes, 0 links'),
  network('comments only', '# a\n% b\n\n', '0 nodes, 0 links'),
  network('CRLF', '1 2\r\n2 3 0.5\r\n', '3 nodes, 2 links'),
  network('tabs and blanks', '\t1\t2 \n  2   3\t0.5  \n', '3 nodes, 2 links'),
  network('no line end', '1 2\n2 3', '3 nodes, 2 links'),
  network('some weights missing', '1 2 5\n2 3\n', '3 nodes, 2 links'),
  network('weights all 0', '1 2 0\n2 3 0\n', '0 nodes, 0 links'),
  network('the highest id there is', '9007199254740991 0\n', '2 nodes, 1 links'),
  network('far ids', '4000000000 5000000000\n5000000000 1\n', '3 nodes, 2 links'),
  network('weights like 1e300', '1 2 1e300\n2 3 1e300\n', '3 nodes, 2 links'),
  network('tiny weights', '1 2 5e-324\n2 3 1e-300\n', '3 nodes, 2 links'),
  network('only self-links', '1 1\n2 2 3\n', '2 nodes, 2 links'),
  network('vertices without links', '*Vertices 3\n', '3 nodes, 0 links'),
  network('no vertices', '*Vertices 0\n', '0 nodes, 0 links'),
  network('sections in capitals', '*VERTICES 2\n*EDGES\n1 2\n', '2 nodes, 1 links'),
  network('a million empty lines', '\n'.repeat(1e6), '0 nodes, 0 links'),
  // Weights.
  ...['NaN', 'nan', 'Infinity', '1e309', '-1', '-0.5', 'x', '1,5', '1_0', '0x', '.', '--1', '1e', '\0'].map((weight) =>
    network(`weight ${JSON.stringify(weight)}`, `1 2 ${weight}\n`, bad),
  ),
  network('weights that add up to Infinity', '1 2 1.7e308\n2 3 1.7e308\n', 'INVALID_ARGUMENT'),
  // Ids.
  ...['-1', '1.5', 'a', 'NaN', '1e3', '0x10', '9007199254740993', '99999999999999999999999', '"1"', '+1', '١'].map(
    (id) => network(`id ${id}`, `${id} 2\n`, bad),
  ),
  network('a target missing', '1\n', bad),
  network('more values', '1 2 3 4\n', '2 nodes, 1 links'),
  network('commas', '1,2,3\n', bad),
  // Pajek.
  network('*Vertices 4294967295', '*Vertices 4294967295\n1 2\n', bad),
  network('*Vertices 99999999999999999999', '*Vertices 99999999999999999999\n', bad),
  network('*Vertices 100000000', '*Vertices 100000000\n1 "one"\n', bad),
  network('*Vertices -1', '*Vertices -1\n', bad),
  network('*Vertices 1.5', '*Vertices 1.5\n', bad),
  network('*Vertices without a number', '*Vertices\n', '0 nodes, 0 links'),
  network('*Vertices twice', '*Vertices 10\n*Edges\n9 10\n*Vertices 2\n', bad),
  network('*Vertices behind links', '5 6\n*Vertices 2\n', bad),
  network('a vertex 0', '*Vertices 2\n0 "zero"\n', '2 nodes, 0 links'),
  network('a vertex too many', '*Vertices 2\n3 "three"\n', '3 nodes, 0 links'),
  network('a name without an end', '*Vertices 2\n1 "one\n', bad),
  network('a link to vertex 0', '*Vertices 2\n*Edges\n0 1\n', '2 nodes, 1 links'),
  network('a link to a vertex too many', '*Vertices 2\n*Edges\n1 3\n', '3 nodes, 1 links'),
  network('an unknown section', '*Vertices 2\n*Matrix\n1 0\n', bad),
  network('a star', '*\n', bad),
  network('a section called constructor', '*constructor\n1 2\n', bad),
  // Bytes.
  network('NULs', Buffer.alloc(100), bad),
  network('binary', Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 251)), bad),
  network('UTF-16', Buffer.from('\ufeff1 2\n', 'utf16le'), bad),
  network('a byte-order mark', '\ufeff1 2\n', '2 nodes, 1 links'),
  network('a word of 10 MB', 'x'.repeat(1e7), bad),
  network('a number of a million digits', `${'9'.repeat(1e6)} 1\n`, bad),
  network('a weight of a million digits', `1 2 ${'9'.repeat(1e6)}\n`, bad),
  // Files.
  networkFile('none there', undefined, 'NETWORK_NOT_FOUND'),
  networkFile('gzip', links, '3 nodes, 2 links'),
  networkFile('gzip of one link, millions of times', gzipSync(Buffer.alloc(80e6, '1 2\n')), bad),
  networkFile('gzip cut short', links.subarray(0, links.length - 9), bad),
  networkFile('gzip, its head only', links.subarray(0, 10), bad),
  networkFile('gzip with a flipped bit', Buffer.from(links.map((byte, i) => (i === 14 ? byte ^ 8 : byte))), bad),
  networkFile('gzip of nothing', gzipSync(''), '0 nodes, 0 links'),
  networkFile('gzip of 10 million NULs', gzipSync(Buffer.alloc(1e7)), bad),
  networkFile('a line of 20 MB', Buffer.alloc(2e7, '1'), bad),
  networkFile('gzip of a line of 100 MB', gzipSync(Buffer.alloc(1e8, '1')), bad),
  networkFile("gzip's magic only", Buffer.from([0x1f, 0x8b]), bad),
  // Partitions.
  partition('right', '1 1\n2 1\n3 2\n', '1,1,2'),
  partition('empty', '', 'PARTITION_MISMATCH'),
  partition('a node missing', '1 1\n2 1\n', 'PARTITION_MISMATCH'),
  partition('a node too many', '1 1\n2 1\n3 2\n4 2\n', '1,1,2'),
  ...['x 1', '1 x', '1', '1 -1', '1 4294967296', '1 1 x', '1 1 NaN', '1 1 -1', '1 1 0.5 7', '1.5 1', '\0 1'].map(
    (line) => partition(`the line ${JSON.stringify(line)}`, `${line}\n2 1\n3 1\n`, bad),
  ),
  // What no file says.
  call('nothing', undefined),
  call('null', null),
  call('a string', '1 2'),
  call('no links', {}),
  call('lists of numbers', { sources: [0], targets: [1] }),
  call('more targets than sources', { sources: u32(0), targets: u32(1, 2) }),
  call('a weight too few', { sources: u32(0, 1), targets: u32(1, 2), weights: Float64Array.of(1) }),
  call('a weight NaN', { ...pair, weights: Float64Array.of(Number.NaN) }),
  call('a weight below 0', { ...pair, weights: Float64Array.of(-1) }),
  call('a weight Infinity', { ...pair, weights: Float32Array.of(Infinity) }),
  call('a node beyond the last', { ...pair, nodes: 1 }),
  call('nodes -1', { ...pair, nodes: -1 }),
  call('nodes NaN', { ...pair, nodes: Number.NaN }),
  call('nodes 2^32', { ...pair, nodes: 2 ** 32 }),
  call('no offsets', { offsets: u32(), targets: u32() }),
  call('offsets that fall', { offsets: u32(0, 2, 1), targets: u32(0, 1) }),
  call('offsets beyond the links', { offsets: u32(0, 5), targets: u32(0) }),
  call('a row to a node that is not there', { offsets: u32(0, 1), targets: u32(9) }),
  ...[
    { trials: 0 },
    { trials: 1e9 },
    { trials: '3' },
    { seed: -1 },
    { threads: -1 },
    { threads: 1e6 },
    { teleportation: 2 },
    { teleportation: Number.NaN },
    { markovTime: Number.NaN },
    { regularized: 'yes' },
    { entropyCorrected: -1 },
    { preferredModules: 1.5 },
    { initial: [0, 0] },
    { initial: u32(0) },
    { directed: 'yes' },
    { two_level: true },
    { Trials: 3 },
  ].map((options) => call(`options ${JSON.stringify(options)}`, pair, 'INVALID_ARGUMENT', options)),
  {
    what: 'codelength: modules of another network',
    read: async () => `${await codelength(pair, u32(0, 0, 0))}`,
    expected: 'INVALID_ARGUMENT',
  },
]
