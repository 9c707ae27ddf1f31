export { COMPARISON_FILES, writeComparison } from './comparison.js'
export { itemRecord } from './json.js'
export { writeReport } from './report.js'
export type {
  Comparison,
  ReportClass,
  ReportComposition,
  ReportDescriptor,
  ReportInput,
  ReportItem,
  ReportPool,
  ReportTeacher,
} from './types.js'
