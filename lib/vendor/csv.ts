export { type Info, parse } from 'csv-parse'
export { stringify } from 'csv-stringify/sync'
