export { writeComparison } from './comparison.js'
export { writeReport } from './report.js'
export type { Comparison, ReportClass, ReportInput, ReportItem } from './types.js'
