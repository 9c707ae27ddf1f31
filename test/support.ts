import { type ExecFileOptions, execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The repository's root (the tests run compiled, from build/test/test/). */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A file of test/fixtures/. */
export const fixture = (...parts: string[]) => join(root, 'test', 'fixtures', ...parts)

/**
 * A file of the reference data that may not be packaged (`../shared/reference`, or INFOMOTION_REFERENCE), or undefined
 * where it is absent: tests then call `t.skip` through {@link needs}.
 */
export function reference(...parts: string[]): string | undefined {
  const path = join(process.env.INFOMOTION_REFERENCE ?? join(root, '..', 'shared', 'reference'), ...parts)
  return existsSync(path) ? path : undefined
}

/** Why a test cannot run here, as tap's options: loud, and fatal in CI (scripts/test/main.mjs counts and names skips). */
export function needs(present: unknown, what: string): { skip?: string } {
  return present ? {} : { skip: `needs ${what}` }
}

/** The command line, as it ships. */
export const cli = join(root, 'dist/cli.js')

/** Runs the command line: exit status (or the signal it died of), stdout, stderr. */
export function infomotion(
  args: string[],
  env = {},
  options: ExecFileOptions = {},
): Promise<{ status: number | string; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { env: { ...process.env, ...env }, maxBuffer: 2 ** 26, ...options, encoding: 'utf8' },
      (error, out, err) => resolve({ status: error ? (error.code ?? error.signal ?? -1) : 0, out, err }),
    )
  })
}

/** A fresh folder, removed at the test's end. */
export function temporary(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'infomotion-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
