import { SingleBar } from 'cli-progress'
import pc from 'picocolors'
import { placeOf } from '../run/store.js'
import { asInfomotionError, InfomotionError } from '../runtime/errors.js'
import type { Progress } from '../runtime/progress.js'
import { printable, printableJson } from '../runtime/text.js'

/**
 * What the commands say and where: with `--json`, stdout is exactly one JSON document; everything else goes to stderr.
 */
let json = false
const interrupt = new AbortController()
let bar: SingleBar | undefined

/** Whether stdout is one JSON document. */
export const isJson = () => json

/** Called once by cli.ts, before any command runs. */
export function configureOutput(options: { json: boolean }): void {
  json = options.json
  // Nobody listens any more: no reason to stop a run that takes a night. What could not be said at its end is a failure.
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exitCode = 1
    if (error.code !== 'EPIPE') process.stderr.write(`Could not write the result: ${error.message}\n`)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130) // the second Ctrl-C does not wait
      say('Stopping (what is done is kept; the same command goes on from there; Ctrl-C again stops at once)...')
      interrupt.abort()
    })
  }
}

/** Fires on Ctrl-C. */
export function abortSignal(): AbortSignal {
  return interrupt.signal
}

/** A line for the person at the terminal, on stderr. */
export function say(line: string): void {
  clearBar()
  process.stderr.write(`${printable(line)}\n`)
}

/**
 * Ends a command: the one JSON document, or the text for people (none if empty), on stdout. Control characters of names and
 * labels come out as escapes; a text that has colours of its own is `coloured`, and escapes what is not its own itself.
 */
export function finish(result: object, text: () => string, { coloured = false } = {}): void {
  clearBar()
  const said = json ? printableJson(result) : coloured ? text() : printable(text())
  if (said !== '') process.stdout.write(`${said}\n`)
}

/** Refuses files to write that would take the place of what is read, or of one another; devices may. */
export async function expectApart(written: readonly string[], read: readonly string[]): Promise<void> {
  const sources = new Set(await Promise.all(read.map(placeOf)))
  const seen = new Set<string>()
  for (const path of written) {
    const place = await placeOf(path)
    const over = sources.has(place) ? 'what it is made from' : seen.has(place) ? 'another result' : undefined
    if (over && !place.startsWith('/dev/'))
      throw new InfomotionError('INVALID_ARGUMENT', `${path} would be written over ${over}. Choose another name.`)
    seen.add(place)
  }
}

/** Reports a failure, and the exit code for it: 2 where the call itself is wrong, 130 after Ctrl-C, else 1. */
export function fail(thrown: unknown): number {
  clearBar()
  const error = interrupt.signal.aborted ? new InfomotionError('ABORTED', 'Stopped.') : asInfomotionError(thrown)
  if (json) process.stdout.write(`${printableJson({ error: { code: error.code, message: error.message } })}\n`)
  else process.stderr.write(`${pc.red('error')} ${printable(error.message)} ${pc.dim(`(${error.code})`)}\n`)
  if (process.env.INFOMOTION_DEBUG && error.stack) process.stderr.write(`${error.stack}\n`)
  return error.code === 'ABORTED' ? 130 : error.code === 'INVALID_ARGUMENT' ? 2 : 1
}

/**
 * Shows progress: a bar with rate and time left on a terminal, elsewhere a plain line a stage and one every ten
 * seconds.
 */
export function progressBar(): (progress: Progress) => void {
  const terminal = process.stderr.isTTY && !json
  let stage = ''
  let started = 0
  let spoken = 0
  return ({ stage: now, done, total, unit }) => {
    if (now !== stage) {
      clearBar()
      stage = now
      started = spoken = Date.now()
      if (terminal) {
        bar = new SingleBar({
          format: '{stage} {bar} {value}/{total} {unit} | {rate}/s | {left} left',
          stream: process.stderr,
          hideCursor: true,
          clearOnComplete: false,
          barsize: 24,
          barCompleteChar: '#',
          barIncompleteChar: '.',
        })
        bar.start(total, done, { stage: stage.padEnd(10), unit, rate: '-', left: '-' })
      }
    }
    const seconds = (Date.now() - started) / 1000
    const rate = seconds > 0 ? done / seconds : 0
    const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s` : '-'
    if (bar) {
      bar.setTotal(total)
      bar.update(done, { rate: rate.toFixed(rate < 10 ? 1 : 0), left })
    } else if (!terminal && (done === total || Date.now() - spoken > 10_000)) {
      spoken = Date.now()
      process.stderr.write(`${stage}: ${done}/${total} ${unit}, ${rate.toFixed(1)}/s, ${left} left\n`)
    }
    if (done >= total) clearBar()
  }
}

function clearBar(): void {
  bar?.stop()
  bar = undefined
}
