/**
 * The test files that take longest, and their CPU seconds: `npm test` starts them first, `npm test -- --fast` leaves them
 * out. To be told with a minute's accuracy, no more.
 */
export const SLOW = {
  'process/stages': 200,
}
