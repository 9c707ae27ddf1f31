import { execFileSync } from 'node:child_process'
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  codelength,
  formatPartition,
  fromEdges,
  fromGraphology,
  infomap,
  moduleLinks,
  moduleMap,
  type PartitionFormat,
  parseNetwork,
  readNetwork,
  readPartition,
  writePartition,
} from 'infomotion/infomap'
import t from 'tap'
import { fixture, infomotion, temporary } from './support.js'

// ---- Networks

const parse = (text: string) => parseNetwork(Buffer.from(text), 'net.txt')

t.test('link lists: ids with gaps, comments, weights, gzip', async (t) => {
  const network = await parse(
    '# comment\n10 7 0.1\r\n\n7\t3000000000 2e-3\n  10 10  \n3000000000 7 0.12345678901234567\n',
  )
  t.same([...network.ids], [7, 10, 3000000000])
  t.same([...network.sources], [1, 0, 1, 2])
  t.same([...network.targets], [0, 2, 1, 0])
  t.same([...network.weights!], [0.1, 0.002, 1, Number('0.12345678901234567')])
  t.equal((await parse('0 1\n1 2')).weights, undefined)
  t.equal((await parse('')).nodes, 0)
  const path = join(temporary(t), 'ring.txt.gz')
  const plain = readFileSync(fixture('networks', 'ring_of_cliques_30x5.txt'))
  writeFileSync(path, gzipSync(plain))
  t.same(await readNetwork(path), await parseNetwork(plain))
})

t.test('Pajek: sections, quoted names, nodes without links', async (t) => {
  const network = await parse('*Vertices 4\n1 "left one"\n2 b 0.5\n*Edges 1\n1 2 3\n% comment\n*arcs\n2 3\n')
  t.same(network.names, ['left one', 'b', '3', '4'])
  t.same([...network.ids], [1, 2, 3, 4])
  t.same([...network.sources], [0, 1])
  t.same([...network.targets], [1, 2])
  t.same([...network.weights!], [3, 1])
})

t.test('bipartite: two steps of the walk count as one', async (t) => {
  const network = await parse(
    '*Vertices 7\n1 "a"\n2 "b"\n3 "c"\n4 "d"\n5 "F"\n6 "G"\n7 "H"\n*Bipartite 5\n1 5 1\n2 5 1\n3 5 2\n3 6 0.5\n4 6 1\n4 7 1\n1 7 3\n',
  )
  t.equal(network.bipartite, 4)
  const modules = Uint32Array.of(1, 1, 2, 2, 1, 2, 1)
  const two = await codelength(network, modules)
  t.equal(two.codelength.toFixed(12), '3.051272023739', "Infomap 2.16's")
  t.same([...two.flow.subarray(4)], [0, 0, 0])
  const one = await codelength({ ...network, bipartite: undefined }, modules)
  t.equal(one.codelength.toFixed(12), '3.096699264229', 'the same with --skip-adjust-bipartite-flow')
  await t.rejects(codelength(network, modules, { directed: true, recordedTeleportation: true }), {
    code: 'INVALID_ARGUMENT',
    message: /first kind/,
  })
  await t.rejects(infomap({ ...network, bipartite: 6 }), { message: /Link 0 \(0 -> 4\) joins two nodes of one kind/ })
})

t.test('links below a weight threshold are as if absent', async (t) => {
  const text = Buffer.from('1 2 1\n2 3 1\n3 4 0.1\n5 6 0.5\n')
  const network = await parseNetwork(text, 'net.txt', { weightThreshold: 0.5 })
  t.same([...network.ids], [1, 2, 3, 5, 6])
  t.same([...network.weights!], [1, 1, 0.5])
  await t.rejects(parseNetwork(text, 'net.txt', { weightThreshold: -1 }), { code: 'INVALID_ARGUMENT' })
})

t.test('reading is aborted, and holds nobody up', async (t) => {
  const path = join(temporary(t), 'long.txt')
  writeFileSync(path, '1000 2000 0.123456\n'.repeat(500_000))
  await t.rejects(readNetwork(path, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  const controller = new AbortController()
  const reading = readNetwork(path, { signal: controller.signal })
  setImmediate(() => controller.abort())
  await t.rejects(reading, { code: 'ABORTED' })
  const whole = await readNetwork(path)
  t.equal(whole.sources.length, 500_000)
  t.ok(whole.sources.buffer instanceof SharedArrayBuffer, 'searches read it in place')
})

t.test('pipes are read to their end, plain and gzipped', async (t) => {
  const plain = readFileSync(fixture('networks', 'ring_of_cliques_30x5.txt'))
  const expected = await parseNetwork(plain)
  for (const bytes of [plain, gzipSync(plain), plain.subarray(0, 1), plain.subarray(0, 0)]) {
    const pipe = join(temporary(t), 'pipe')
    execFileSync('mkfifo', [pipe])
    const reading = readNetwork(pipe)
    const writer = createWriteStream(pipe)
    writer.write(bytes.subarray(0, 1)) // what kind it is shows in the second byte
    setTimeout(() => writer.end(bytes.subarray(1)), 20)
    if (bytes.length > 1) t.same(await reading, expected)
    else if (bytes.length === 1) await t.rejects(reading, { code: 'NETWORK_UNREADABLE', message: /pipe, line 1/ })
    else t.equal((await reading).nodes, 0)
  }
})

t.test('reader errors say what was expected, where', async (t) => {
  const fails = (text: string, message: RegExp) => t.rejects(parse(text), { code: 'NETWORK_UNREADABLE', message })
  await fails('0 1\n0 x\n', /net.txt, line 2: expected a target node.* found "x"/)
  await fails('0 1\n\n5', /line 3: expected a target node.* found the end of the line/)
  await fails('0 1.5 2', /line 1: .*target node.*"1.5"/)
  await fails('0 1 -2', /line 1: expected a weight, a finite number of at least 0, but found "-2"/)
  await fails('0 1 nan', /found "nan"/)
  await fails('-1 2', /source node.*"-1"/)
  await fails('*Vertices 2\nc', /line 2: expected a vertex, a whole number of at least 0,.*"c"/)
  await fails('*Vertices 2\n1 "open\n', /closing quote/)
  await fails('*States 3', /state or multilayer network, which is not read/)
  await fails('*Matrix', /expected one of \*Vertices.*"\*Matrix"/)
  await t.rejects(readNetwork('no-such-file.txt'), { code: 'NETWORK_NOT_FOUND', message: /no-such-file/ })
  const path = join(temporary(t), 'bad.gz')
  writeFileSync(path, gzipSync('0 1\n').subarray(0, 15))
  await t.rejects(readNetwork(path), { code: 'NETWORK_UNREADABLE', message: /gzip/ })
})

t.test('adapters: labels, weights, nodes without links', async (t) => {
  const network = fromEdges(
    [
      ['a', 'b'],
      ['b', 'c', 0.5],
      ['c', 'c', 0],
    ] as [string, string, number?][],
    ['z'],
  )
  t.same(network.labels, ['z', 'a', 'b', 'c'])
  t.same(
    [[...network.sources], [...network.targets]],
    [
      [1, 2, 3],
      [2, 3, 3],
    ],
  )
  t.same([...network.weights], [1, 0.5, 0])
  t.equal((await infomap(network)).modules.length, 4)
  t.throws(() => fromEdges([['a']] as never), { message: /edges\[0\]/ })
  t.throws(() => fromEdges([['a', 'b', Number.NaN]]), { message: /edges\[0\]\[2\]/ })
  // What graphology's graphs have of these.
  const made = fromGraphology({
    forEachNode(callback) {
      for (const node of ['x', 'y', 'alone']) callback(node)
    },
    forEachEdge(callback) {
      callback('e0', { weight: 2 }, 'y', 'x')
      callback('e1', {}, 'x', 'x')
    },
  })
  t.same(made.labels, ['x', 'y', 'alone'])
  t.same(
    [[...made.sources], [...made.targets], [...made.weights]],
    [
      [1, 0],
      [0, 0],
      [2, 1],
    ],
  )
  t.throws(() => fromGraphology({} as never), { message: /graphology/ })
})

t.test('command line: a network from standard input, modules in --json, the top level of a tree', async (t) => {
  const folder = temporary(t)
  const text = '*Vertices\n1 "a"\n*Edges\n1 2\n1 3\n2 3\n3 4\n4 5\n4 6\n5 6\n'
  const tree = join(folder, 'nested.tree')
  writeFileSync(tree, '1:1:1 0 "1" 1\n1:1:2 0 "2" 2\n1:2:1 0 "3" 3\n2:1 0 "4" 4\n2:2 0 "5" 5\n2:3 0 "6" 6\n')
  writeFileSync(join(folder, 'net.net'), text)
  interface Said {
    nodes: number
    levels: number
    codelength: number
    modules: Record<string, number>
  }
  const said = async (...args: string[]) =>
    (await cli(join(folder, 'net.net'), ...args, '--json')).json as unknown as Said
  const found = await said('-2')
  t.same(Object.keys(found.modules), ['1', '2', '3', '4', '5', '6'])
  t.equal(found.modules[1], found.modules[2])
  const both = await Promise.all([said('--no-infomap', '-c', tree), said('-2', '--no-infomap', '-c', tree)])
  t.same(
    both.map(({ levels }) => levels),
    [3, 2],
  )
  t.ok(Math.abs(both[1].codelength - 2.32073035683379) < 1e-12, 'of two triangles')
  t.same((await said('--node-limit', '3')).nodes, 3)
  writeFileSync(join(folder, 'empty.txt'), '')
  t.equal((await cli(join(folder, 'empty.txt'), '--json')).json.error?.code, 'NETWORK_UNREADABLE')
})

// ---- Partitions

const named = () => parse('*Vertices 3\n1 "a \'b"\n2 "c"\n3 "d, \\e"\n*Edges\n1 2\n2 3\n')

t.test('every format, to the letter', async (t) => {
  const network = await named()
  const result = await codelength(network, [Uint32Array.of(0, 0, 5), Uint32Array.of(1, 2, 5)])
  const text = (format: PartitionFormat, more = {}) => formatPartition(format, network, result, more)
  const header = text('clu').split('\n').slice(0, 8)
  t.match(
    header.join('\n'),
    /^# v\d.*\n# infomotion infomap\n# started.*\n# completed in .* s\n# partitioned into 3 levels with 2 top/,
  )
  t.match(
    header.join('\n'),
    new RegExp(`\n# codelength ${result.codelength} bits\n# relative .*%\n# flow model undirected$`),
  )
  const rest = (format: PartitionFormat, more = {}) => text(format, more).split('\n').slice(8).join('\n')
  t.equal(rest('clu'), '# module level 1\n# node_id module flow\n2 1 0.5\n1 1 0.25\n3 2 0.25\n')
  t.equal(rest('clu', { cluLevel: -1 }), '# module level -1\n# node_id module flow\n2 1 0.5\n1 2 0.25\n3 3 0.25\n')
  const tree = '# path flow name node_id\n1:1:1 0.5 "c" 2\n1:2:1 0.25 "a \'b" 1\n2:1 0.25 "d, \\e" 3\n'
  t.equal(rest('tree'), tree)
  const links = await moduleLinks(network, result.hierarchy)
  t.equal(
    rest('ftree', { links }),
    `${tree}*Links undirected
#*Links path enterFlow exitFlow numEdges numChildren
*Links root 0 0 1 2
1 2 0.5
*Links 1 0.25 0.25 1 2
1 2 0.5
*Links 1:1 0.5 0.5 0 1
*Links 1:2 0.25 0.25 0 1
*Links 2 0.25 0.25 0 1
`,
  )
  t.equal(text('csv'), 'path,flow,name,node_id\n1:1:1,0.5,"c",2\n1:2:1,0.25,"a \'b",1\n2:1,0.25,"d, \\e",3\n')
  const { nodes, modules, ...head } = JSON.parse(text('json'))
  t.match(head, { codelength: result.codelength, numLevels: 3, numTopModules: 2, directed: false })
  t.same(nodes[0], { path: [1, 1, 1], modules: [1, 2], name: 'c', flow: 0.5, id: 2 })
  t.same(
    modules.map(({ path }: { path: number[] }) => path.join(':')),
    ['0', '1', '1:1', '1:2', '2'],
  )
  t.throws(() => text('ftree'), { code: 'INVALID_ARGUMENT', message: /moduleLinks/ })
  t.throws(() => text('newick' as PartitionFormat), { code: 'INVALID_ARGUMENT', message: /clu, tree/ })
})

t.test("Infomap's own .ftree: read, evaluated and written again as it was", async (t) => {
  const directed = true
  const network = await readNetwork(fixture('networks', 'knn1k_dir.txt.gz'))
  const path = fixture('networks', 'knn1k_dir.ftree.gz')
  const result = await codelength(network, await readPartition(path, network), { directed })
  t.equal(result.codelength.toFixed(12), '6.167953103902', "the codelength of Infomap's --summary-json")
  t.match(result, { levels: 3, topModules: 5 })
  const links = await moduleLinks(network, result.hierarchy, { directed })
  const out = join(temporary(t), 'again.ftree')
  await writePartition(out, network, result, { directed, links })
  const [theirs, ours] = [gunzipSync(readFileSync(path)).toString(), readFileSync(out, 'utf8')].map(contents)
  t.same([...ours.keys()].sort(), [...theirs.keys()].sort(), 'the same nodes and links in the same modules')
  const worst = Math.max(...Array.from(theirs, ([key, flow]) => Math.abs(flow - ours.get(key)!) / (flow + 1e-12)))
  t.ok(worst < 1e-5, `flows differ by ${worst}: Infomap writes six digits`)
  t.same(await readPartition(out, network), await readPartition(path, network))
})

/**
 * What an .ftree says, whatever the order of modules and of nodes: the flow of every node, module and link, modules being
 * called by their least node and what is inside.
 */
function contents(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const start = lines.findIndex((line) => line.startsWith('*'))
  const names = new Map([['root', 'root']])
  const nodes = lines.slice(0, start).map((line) => line.split(' '))
  for (const [path, , , id] of nodes.sort((a, b) => Number(a[3]) - Number(b[3]))) {
    names.set(path, id)
    for (let end = path.lastIndexOf(':'); end > 0; end = path.lastIndexOf(':', end - 1)) {
      const module = path.slice(0, end)
      if (!names.has(module)) names.set(module, `${module.split(':').length}:${id}`)
    }
  }
  const said = new Map(
    nodes.map(([path, flow]) => [`${names.get(path)} in ${names.get(path.replace(/:\d+$/, ''))}`, +flow]),
  )
  let module = ''
  for (const line of lines.slice(start + 1)) {
    const words = line.split(' ')
    if (words[0] === '*Links') {
      module = words[1]
      const [enter, exit, ...counts] = words.slice(2)
      said.set(`enter ${names.get(module)}, ${counts}`, Number(enter)).set(`exit ${names.get(module)}`, Number(exit))
    } else {
      const [source, target] = words.map((rank) => names.get(module === 'root' ? rank : `${module}:${rank}`))
      said.set(`${source} -> ${target}`, Number(words[2]))
    }
  }
  return said
}

t.test('partitions that do not fit', async (t) => {
  const network = await named()
  const folder = temporary(t)
  const read = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return readPartition(join(folder, name), network)
  }
  t.same(await read('x.clu', '# comment\n3 9 0\n1 4 0.2\n2 4\n'), [Uint32Array.of(4, 4, 9)])
  t.same(await read('x.tree', '1:1 0.5 "a" 3\n7:1:1 0 "" 1\n7:2:1 0.5 b 2\n'), [
    Uint32Array.of(0, 0, 1),
    Uint32Array.of(0, 1, 2),
  ])
  await t.rejects(read('x.clu', '1 1\n2 1\n'), { code: 'PARTITION_MISMATCH', message: /no module for node 3/ })
  t.same((await read('x.clu', '1 1\n2 1\n3 1\n8 1'))[0].length, 3, 'nodes of another network are left out')
  await t.rejects(read('x.clu', '1 1\n2 x\n'), { code: 'NETWORK_UNREADABLE', message: /line 2: expected a module/ })
  await t.rejects(read('x.tree', '1 1\n'), { code: 'NETWORK_UNREADABLE', message: /line 1: expected a name/ })
  await t.rejects(read('x.tree', '1:1:1 1 a 1\n1:2 1 b 2\n2:1 0 c 3\n'), { message: /side by side/ })
  await t.rejects(readPartition(join(folder, 'none.clu'), network), { code: 'NETWORK_NOT_FOUND' })
  await t.rejects(
    codelength(
      network,
      await read('x.tree', '1:1 1 a 1\n1:2 1 b 2\n2:1 0 c 3\n').then((l) => [...l, l[0].map((_, i) => i % 2)]),
    ),
    {
      code: 'INVALID_ARGUMENT',
    },
  )
})

t.test('the flow between modules adds up', async (t) => {
  const network = await readNetwork(fixture('networks', 'knn1k_dir.txt.gz'))
  for (const directed of [false, true]) {
    const result = await codelength(network, await readPartition(fixture('networks', 'knn1k_dir.ftree.gz'), network), {
      directed,
    })
    const links = await moduleLinks(network, result.hierarchy, { directed })
    const enter = new Float64Array(result.topModules)
    for (const [i, flow] of links[0].flow.entries()) {
      enter[links[0].targets[i]] += directed ? flow : flow / 2
      if (!directed) enter[links[0].sources[i]] += flow / 2
    }
    t.ok(enter.every((flow, m) => Math.abs(flow - result.hierarchy[0].enter[m]) < 1e-12))
    const all = links.reduce((sum, { flow }) => sum + flow.reduce((a, b) => a + b, 0), 0)
    t.ok(Math.abs(all - 1) < 1e-9, 'every link stands once (the network has no self-links)')
  }
  await t.rejects(moduleLinks(network, [new Uint32Array(1000).fill(4e9)]), {
    message: /Node 0 is in module 4000000000/,
  })
})

// ---- Command line

interface Document {
  codelength: number
  oneLevelCodelength: number
  error?: { code: string }
}

/** Runs `infomotion infomap`; `json` is what it printed under --json. */
async function cli(...args: string[]): Promise<{ code: number | string; json: Document; stdout: string; err: string }> {
  const { status, out, err } = await infomotion(['infomap', ...args])
  return { code: status, json: args.includes('--json') ? JSON.parse(out) : {}, stdout: out, err }
}

t.test('command line: search, write, evaluate what was written', async (t) => {
  const folder = temporary(t)
  const [clu, tree] = [join(folder, 'out.clu'), join(folder, 'out.tree')]
  const ring = fixture('networks', 'ring_of_cliques_30x5.txt')
  const found = await cli(ring, '--two-level', '-N', '3', '--seed', '7', '--clu', clu, '--tree', tree, '--json')
  t.equal(found.code, 0)
  t.match(found.json, { nodes: 150, links: 330, levels: 2, topModules: 30, seconds: Number })
  t.ok(Math.abs(found.json.codelength - 3.2106181936205) < 1e-9)
  t.ok(Math.abs(found.json.oneLevelCodelength - 7.219991262) < 1e-8)
  const again = await cli(ring, '--no-infomap', '--cluster-data', clu, '--json')
  t.match(again.json, { nodes: 150, links: 330, levels: 2, topModules: 30 })
  t.ok(Math.abs(again.json.codelength - found.json.codelength) < 1e-12)
  t.match(readFileSync(tree, 'utf8'), /\n1:1 0\.00\d+ "\d+" \d+\n/)
  const more = join(folder, 'more')
  const listed = await cli(
    ring,
    more,
    '--no-infomap',
    '-c',
    tree,
    '-o',
    'clu,tree,ftree,csv,json',
    '--out-name',
    'r',
    '--silent',
  )
  t.same([listed.code, listed.stdout, listed.err], [0, '', ''])
  t.same(readdirSync(more).sort(), ['r.clu', 'r.csv', 'r.ftree', 'r.json', 'r.tree'])
  t.equal(readFileSync(join(more, 'r.tree'), 'utf8'), readFileSync(tree, 'utf8'))
  const warm = await cli(ring, '-2', '-N', '1', '-c', tree, '--map', join(folder, 'map.svg'), '--json')
  t.ok(warm.json.codelength <= found.json.codelength + 1e-12, 'a start is not made worse')
  t.match(readFileSync(join(folder, 'map.svg'), 'utf8'), /^<svg [^>]*role="img"/)
  const text = await cli(ring, '-2', '-d')
  t.match(text.stdout, /150 nodes, 330 links, \d+ modules\ncodelength \d/)
})

t.test('command line: failures', async (t) => {
  const ring = fixture('networks', 'ring_of_cliques_30x5.txt')
  const fails = async (args: string[], code: number, error: string) => {
    const run = await cli(...args, '--json')
    t.same([run.code, run.json.error?.code], [code, error], args.join(' '))
  }
  await fails([ring, '-2', '--seed', 'x'], 2, 'INVALID_ARGUMENT')
  await fails([ring, '--no-infomap'], 2, 'INVALID_ARGUMENT')
  await fails([ring, '-o', 'clu,newick'], 2, 'INVALID_ARGUMENT')
  await fails([ring, 'folder'], 2, 'INVALID_ARGUMENT')
  await fails([ring, '--tree', ring], 2, 'INVALID_ARGUMENT')
  await fails([ring, '-d', '--flow-model', 'undirected'], 2, 'INVALID_ARGUMENT')
  await fails([ring, '--markov-time', '-1'], 2, 'INVALID_ARGUMENT')
  const other = join(temporary(t), 'other.clu')
  writeFileSync(other, '99999 1\n')
  await fails([ring, '-c', other], 1, 'PARTITION_MISMATCH')
  await fails(['none.txt', '-2'], 1, 'NETWORK_NOT_FOUND')
})

// ---- Map

t.test('a module map shows what there is, the same each time', async (t) => {
  const network = await readNetwork(fixture('networks', 'knn1k_dir.txt.gz'))
  const levels = await readPartition(fixture('networks', 'knn1k_dir.ftree.gz'), network)
  for (const directed of [false, true]) {
    const { hierarchy } = await codelength(network, levels, { directed })
    const links = await moduleLinks(network, hierarchy, { directed })
    const [top, finest] = [hierarchy[0], hierarchy[1]]
    const map = moduleMap(top, links[0], { directed, labels: Array.from(top.flow, (_, m) => `<"${m}">`) })
    t.equal(map, moduleMap(top, links[0], { directed, labels: Array.from(top.flow, (_, m) => `<"${m}">`) }))
    t.equal(map.match(/class="inside"/g)?.length, top.flow.filter((flow) => flow > 0).length)
    t.match(map, /&#60;&#34;0&#34;&#62;: \d+(\.\d+)? % of the flow/)
    t.notMatch(map, /NaN|undefined|<"/)
    const some = moduleMap(finest, (await moduleLinks(network, [finest], { directed }))[0], { directed, modules: 7 })
    t.equal(some.match(/class="inside"/g)?.length, 7)
    t.match(some, new RegExp(`${finest.count - 7} smaller modules with \\d`))
    t.notMatch(some, /NaN|undefined/)
    // Areas are in proportion to flow.
    const radii = [...map.matchAll(/class="leaving" cx="[\d.]+" cy="[\d.]+" r="([\d.]+)"/g)].map(([, r]) => Number(r))
    const falling = [...top.flow].sort((a, b) => b - a)
    t.ok(radii.every((r, i) => Math.abs((r / radii[0]) ** 2 - falling[i] / falling[0]) < 0.01))
  }
  const none = { sources: Uint32Array.of(), targets: Uint32Array.of(), flow: Float64Array.of() }
  t.match(moduleMap({ flow: Float64Array.of(), exit: Float64Array.of() }, none), /^<svg/)
  t.match(moduleMap({ flow: Float64Array.of(1), exit: Float64Array.of(0) }, none), /class="inside"/)
  t.throws(() => moduleMap({ flow: Float64Array.of(1), exit: Float64Array.of(0) }, none, { labels: [] }), /1 labels/)
})
