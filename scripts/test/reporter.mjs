import { appendFileSync } from 'node:fs'
import pc from 'picocolors'
import { isFailure } from './file.mjs'

/** Lines of a failing file's stderr, and of one difference, that are shown; the log has them all. */
const MAX_LINES = { stderr: 20, diff: 60 }

/** What a person sees: {@link file} as files end, {@link end} last. All TAP goes to `log`. */
export function reporter(log, { strict }) {
  const started = performance.now()
  const counts = { passed: 0, failed: 0 }
  const failures = []
  const skips = []
  let files = 0

  return {
    file(name, { tap, stderr, seconds, asserts, fault }) {
      files++
      const skipped = asserts.filter(({ skip }) => skip)
      const failed = asserts.filter(isFailure)
      const passed = asserts.length - skipped.length - failed.length
      counts.passed += passed
      counts.failed += failed.length + (fault ? 1 : 0)
      skips.push(...skipped.map((result) => `${titleOf(name, result)}: ${result.skip}`))

      const bad = failed.length > 0 || fault !== undefined
      const count = [
        `${passed} passed`,
        failed.length && `${failed.length} failed`,
        skipped.length && `${skipped.length} skipped`,
      ]
      const line = `${bad ? '✗' : '✓'} ${seconds.toFixed(1).padStart(6)} s  ${name}  ${pc.dim(count.filter(Boolean).join(', '))}`
      console.log(bad ? pc.red(line) : line)
      for (const result of failed) {
        failures.push(titleOf(name, result))
        console.log(indent(`${pc.red(titleOf(name, result))}\n${detailsOf(result)}`))
      }
      if (fault) {
        failures.push(`${name}: ${fault}`)
        console.log(indent(pc.red(`${name}: ${fault}`)))
      }
      if (bad && stderr.trim())
        console.log(indent(pc.dim(stderr.trim().split('\n').slice(-MAX_LINES.stderr).join('\n'))))
      appendFileSync(log, logged(files, name, { tap, stderr, seconds, bad, fault }))
    },

    /** The summary; true where all is well. */
    end() {
      appendFileSync(log, `1..${files}\n`)
      const { passed, failed } = counts
      for (const skip of skips) console.log(`${pc.yellow('SKIPPED')} ${skip}`)
      for (const failure of failures) console.log(`${pc.red('FAILED')} ${failure}`)
      const refused = strict && skips.length > 0
      if (refused) console.log(`${skips.length} tests were skipped where none may be (INFOMOTION_NO_SKIP=1)`)
      if (files === 0) console.log('no test file has such a name')
      console.log(`${files} files in ${((performance.now() - started) / 1000).toFixed(0)} s; the whole log: ${log}`)
      console.log(`${passed} passed, ${failed} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`)
      return failed === 0 && passed > 0 && !refused
    },
  }
}

/** `flat` TAP has the names of all enclosing tests in that of an assertion. */
const titleOf = (file, { name }) => `${file} > ${name}`

/** Where it failed, and what was expected and came instead. */
function detailsOf({ diag, comments }) {
  if (!diag) return comments.join('\n')
  const { at, source, diff, error, stack, ...rest } = diag
  const lines = []
  if (at?.fileName) lines.push(`at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`)
  if (source) lines.push(pc.dim(source.trimEnd()))
  const facts = { ...rest, ...(error ? { error } : {}) }
  if (diff) lines.push(coloured(diff))
  else if (Object.keys(facts).length > 0) lines.push(JSON.stringify(facts, null, 2))
  if (!at?.fileName && stack) lines.push(stack.trimEnd())
  return lines.join('\n')
}

function coloured(diff) {
  const lines = diff.trimEnd().split('\n')
  const shown = lines.slice(0, MAX_LINES.diff).map((line) => {
    if (line.startsWith('-')) return pc.red(line)
    return line.startsWith('+') ? pc.green(line) : line
  })
  if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} lines more`)
  return shown.join('\n')
}

const indent = (text) => text.trimEnd().replace(/^/gm, '    ')

/** A file as one subtest of the log. */
function logged(number, name, { tap, stderr, seconds, bad, fault }) {
  const comments = [stderr.trimEnd(), fault].filter(Boolean).join('\n')
  return [
    `# Subtest: ${name}`,
    indent(tap.replace(/^TAP version 14\n/, '')),
    ...(comments ? [comments.replace(/^/gm, '# ')] : []),
    `${bad ? 'not ok' : 'ok'} ${number} - ${name} # time=${(1000 * seconds).toFixed(0)}ms\n`,
  ].join('\n')
}
