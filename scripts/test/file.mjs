import { spawn } from 'node:child_process'
import { Parser } from 'tap-parser'

/** Longer than any test file takes, on a busy machine too. A test's own timeout ends it before, unless it blocks. */
const LIMIT_S = 660
const running = new Set()

/**
 * Runs one compiled test file in a process group of its own. The result: seconds, its TAP, what it wrote to stderr, the
 * leaf assertions (`asserts`), and `fault`, why the file as a whole failed though no assertion says so.
 */
export function runFile(path) {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(process.execPath, ['--enable-source-maps', path], {
      detached: true, // a group: what the test started ends with it
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(LIMIT_S - 60) },
    })
    running.add(child.pid)
    const texts = { tap: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      texts.tap += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      texts.stderr += text
    })
    let late = false
    const timer = setTimeout(() => {
      late = true
      stop(child.pid)
    }, LIMIT_S * 1000)
    child.on('exit', () => stop(child.pid)) // processes that are left over would keep the pipes open
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child.pid)
      const end = late ? `did not end within ${LIMIT_S} s` : signal ? `ended by ${signal}` : `ended with status ${code}`
      resolve({
        ...texts,
        seconds: (performance.now() - started) / 1000,
        ...judge(texts.tap, !late && code === 0, end),
      })
    })
  })
}

/** Stops what is running, when the whole run is interrupted. */
export function stopAll() {
  for (const pid of running) stop(pid)
}

function stop(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {} // it has ended
}

function judge(tap, endedWell, end) {
  const parsed = Parser.parse(tap, { flat: true })
  const asserts = parsed.filter(([event]) => event === 'assert').map(([, result]) => result)
  const { ok = false, failures = [] } = parsed.findLast(([event]) => event === 'complete')?.[1] ?? {}
  const failed = asserts.filter(isFailure)
  for (const result of failed) if (!result.diag) result.comments = commentsAfter(tap, result)
  let fault
  if (failed.length === 0 && !endedWell) fault = end
  else if (failed.length === 0 && !ok)
    fault = failures.map(({ tapError, name }) => tapError ?? name).join('; ') || 'no valid TAP'
  else if (asserts.length === 0) fault = 'ran no test'
  return { asserts, fault }
}

/** What a program that knows no YAML (native/test/main.cc) says of a failure: the comments in the lines below it. */
function commentsAfter(tap, { id, name }) {
  const lines = tap.split('\n')
  const at = lines.findIndex((line) => {
    const [, said] = new RegExp(`^ *not ok ${id} - (.*)$`).exec(line) ?? []
    return said !== undefined && name.endsWith(said)
  })
  const rest = lines.slice(at + 1).map((line) => line.trim())
  return at < 0
    ? []
    : rest.slice(
        0,
        rest.findIndex((line) => !line.startsWith('# ')),
      )
}

export function isFailure({ ok, skip, todo }) {
  return !ok && !skip && !todo
}
