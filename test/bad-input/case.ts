import { InfomotionError } from 'infomotion'

/** One bad input: what is wrong with it, how it is read, and what must come of it. */
export interface Case {
  what: string
  /** Reads it. What it returns says how that went: "read", "2 left out", "3 frames, 1 damaged", ... */
  read(folder: string): Promise<string> | string
  /** The error's code, or what `read` returns. */
  expected: string
}

/** What came of a case: what it returned, or the code of its error. Any other error is thrown on. */
export async function outcomeOf({ read }: Case, folder: string): Promise<string> {
  try {
    return await read(folder)
  } catch (error) {
    if (error instanceof InfomotionError && error.message.length > 20) return error.code
    throw error
  }
}
