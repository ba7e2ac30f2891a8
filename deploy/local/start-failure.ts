import { statSync } from 'node:fs'
import type { Environment } from '../../shared/config.ts'

/** How a process ended before it listened. */
export interface StartFailure {
  /** The name of the function. */
  readonly name: string
  readonly env: Environment
  /** The first lines of the process's output. */
  readonly lines: readonly string[]
  /** The exit code or the signal. */
  readonly ending: number | string
  /** Set if the process was killed because it did not listen in time. */
  readonly timeoutMs?: number | undefined
}

const LARGE_CATALOGUE_BYTES = 1_000_000

/**
 * Describes why a function did not start: the configuration faults from its structured log line, or else
 * its output without the frames of stack traces, which LOG_LEVEL=debug keeps.
 */
export function describeStartFailure(failure: StartFailure): string {
  const { name, env, lines, ending, timeoutMs } = failure
  const written = reasonLines(lines, env['LOG_LEVEL'] === 'debug')
  if (timeoutMs !== undefined) {
    const limit = `The function ${name} did not start within ${timeoutMs / 1_000} s.`
    return [limit, ...catalogueAdvice(env), ...written].join('\n')
  }
  const reason =
    written.length > 0 ? written : [`  The process ended without output (${endingText(ending)}).`]
  return [`The function ${name} did not start:`, ...reason].join('\n')
}

function endingText(ending: number | string): string {
  return typeof ending === 'number' ? `exit code ${ending}` : `signal ${ending}`
}

/** Returns the size of the catalogue as a line, with advice if it is large. */
function catalogueAdvice({ TOOLS_FILE }: Environment): string[] {
  if (TOOLS_FILE === undefined) return []
  const bytes = statSync(TOOLS_FILE, { throwIfNoEntry: false })?.size
  if (bytes === undefined) return []
  const size = `The catalogue has ${(bytes / 1_000_000).toFixed(1)} MB.`
  return [bytes < LARGE_CATALOGUE_BYTES ? size : `${size} Import fewer operations.`]
}

function reasonLines(lines: readonly string[], hasFrames: boolean): string[] {
  const faults = lines.flatMap((line) => (/^\{.*"faults":\[/.test(line) ? faultsOf(line) : []))
  if (faults.length > 0) return faults.map(indented)
  return lines.filter((line) => hasFrames || !isFrame(line)).map(indented)
}

function indented(line: string): string {
  return `  ${line}`
}

/** Returns whether the line is a frame of a stack trace. */
export function isFrame(line: string): boolean {
  return /^\s+at \S/.test(line)
}

function faultsOf(line: string): string[] {
  try {
    const { faults } = JSON.parse(line) as { faults?: unknown }
    return Array.isArray(faults) ? faults.map(String) : []
  } catch {
    return []
  }
}
