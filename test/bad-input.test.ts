import t from 'tap'
import { arrayCases } from './bad-input/arrays.js'
import { clipCases } from './bad-input/clips.js'
import { csvCases } from './bad-input/csv.js'
import { modelCases } from './bad-input/models.js'
import { networkCases } from './bad-input/networks.js'
import { onnxCases } from './bad-input/onnx.js'
import { optionCases } from './bad-input/options.js'
import { testTables } from './bad-input/tables.js'

t.setTimeout(120_000)

testTables(
  {
    'data sets': () => csvCases,
    clips: clipCases,
    networks: () => networkCases,
    'ONNX models': () => onnxCases,
    'model descriptions': () => modelCases,
    'arrays and images': () => arrayCases,
    options: () => optionCases,
  },
  1100,
)
