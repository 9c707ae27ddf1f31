/**
 * The test files that take longest, and their CPU seconds, roughly: whole runs and their inputs by the hundred. `npm test`
 * starts them first, `npm test -- --fast` leaves them out.
 */
export const SLOW = {
  'process/stages': 85,
  'process/kill': 55,
  fuzz: 55,
  'process/folders': 50,
  compare: 40,
  distill: 30,
  'clip-faults': 30,
  examples: 25,
  isa: 20,
  phantom: 20,
}
