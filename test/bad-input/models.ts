import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findModel } from '#lib/features/zoo.js'
import { encodeModel, GraphBuilder } from '#lib/onnx/index.js'
import type { Case } from './case.js'

const graph = new GraphBuilder('identity')
graph.output(graph.node('Flatten', [graph.input('clips', ['N', 1, 2, 3, 3])], {}, 'embedding'))
const model = encodeModel(graph.build())
const good = {
  input: {
    name: 'clips',
    layout: 'NCTHW',
    channels: ['grey'],
    frames: 2,
    side: 3,
    stride: 1,
    rate: 30,
    normalisation: { mean: [0], scale: [1] },
    views: 1,
  },
  output: { name: 'embedding', dim: 18 },
}

/** Reads a model with its description beside it. Returns its name. */
function description(what: string, json: unknown, expected = 'MODEL_DESCRIPTION_INVALID', file = model): Case {
  const read = async (folder: string) => {
    writeFileSync(join(folder, 'own.onnx'), file)
    writeFileSync(
      join(folder, 'own.json'),
      typeof json === 'string' || Buffer.isBuffer(json) ? json : JSON.stringify(json),
    )
    return (await findModel(join(folder, 'own.onnx'))).description.name
  }
  return { what: `model description: ${what}`, read, expected }
}

const input = (changes: object) => ({ ...good, input: { ...good.input, ...changes } })
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

export const modelCases: Case[] = [
  description('whole', good, 'own'),
  description('with a name', { ...good, name: 'mine', licence: 'MIT' }, 'mine'),
  ...['', '{', 'null', '[]', '5', '"text"', '{}', '\ufeff{}', deep(1e5)].map((text) =>
    description(JSON.stringify(text.slice(0, 20)), text),
  ),
  description('random bytes', Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 7919) % 251))),
  description('a key twice', `{"input":{},${JSON.stringify(good).slice(1)}`, 'own'), // as JSON has it: the last one counts
  description('no input', { output: good.output }),
  description('no output', { input: good.input }),
  description('an unknown key', { ...good, inputs: good.input }),
  description('a key called __proto__', JSON.stringify(good).replace('{', '{"__proto__":{"x":1},')),
  ...['name', 'layout', 'channels', 'frames', 'side', 'stride', 'rate', 'normalisation', 'views'].map((key) =>
    description(`no input.${key}`, input({ [key]: undefined })),
  ),
  ...['frames', 'side', 'stride', 'views'].flatMap((key) =>
    [0, -1, 1.5, 1e9, '3', null].map((value) => description(`input.${key} ${value}`, input({ [key]: value }))),
  ),
  ...[0, -30, 1e9, '30', null].map((rate) => description(`input.rate ${rate}`, input({ rate }))),
  ...[[], 'grey', ['red'], ['constructor'], ['grey', 7], [null]].map((channels) =>
    description(`input.channels ${JSON.stringify(channels)}`, input({ channels })),
  ),
  ...['NHWC', 'nctHW', 'toString', 5].map((layout) => description(`input.layout ${layout}`, input({ layout }))),
  ...[{}, { mean: [0] }, { mean: [0], scale: [0] }, { mean: [0, 0], scale: [1, 1] }, { mean: ['0'], scale: [1] }].map(
    (normalisation) => description(`normalisation ${JSON.stringify(normalisation)}`, input({ normalisation })),
  ),
  ...[{ winsize: 0 }, { pyr_scale: 0.5 }, { levels: 1e9 }, 'opencv', 7].map((flow) =>
    description(`input.flow ${JSON.stringify(flow)}`, input({ flow })),
  ),
  ...[0, -1, 1e9, '18'].map((dim) => description(`output.dim ${dim}`, { ...good, output: { ...good.output, dim } })),
  ...['abc', 7, 'g'.repeat(64)].map((sha256) => description(`sha256 ${sha256}`, { ...good, sha256 })),
  description('another checksum', { ...good, sha256: '0'.repeat(64) }, 'MODEL_CHECKSUM_MISMATCH'),
  description('another side', input({ side: 4 }), 'MODEL_MISMATCH'),
  description('another layout', input({ layout: 'NTCHW' }), 'MODEL_MISMATCH'),
  description('another input', input({ name: 'video' }), 'MODEL_MISMATCH'),
  description('another output', { ...good, output: { name: 'y', dim: 18 } }, 'MODEL_MISMATCH'),
  description('another dim', { ...good, output: { name: 'embedding', dim: 17 } }, 'MODEL_MISMATCH'),
  ...[0, 1, 20, model.length - 1].map((end) =>
    description(`a model cut at ${end}`, good, 'ONNX_MODEL_INVALID', model.subarray(0, end)),
  ),
]
