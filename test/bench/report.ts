import { cpus, loadavg, totalmem } from 'node:os'
import type { Figure, Goal, OtherFigures } from './figures.ts'

export interface Report extends OtherFigures {
  /** ISO 8601 date. */
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly sizes: Readonly<Record<string, number>>
  /** Whether the machine was in use at the start of the run. A busy machine gives higher figures. */
  readonly load: 'idle' | 'busy'
  readonly calls: readonly Figure[]
  /** Bytes of log per call, by row. */
  readonly logBytesPerCall: Readonly<Record<string, number>>
  readonly jwksFetches: number
  readonly goals: readonly Goal[]
}

/** The CPU and the memory of this machine. */
export function machine(): string {
  const [{ model } = { model: 'unknown CPU' }, ...others] = cpus()
  return `${others.length + 1} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}

/** `idle` if the load average of the last minute is below 0.5. */
export function machineLoad(): Report['load'] {
  return (loadavg()[0] ?? 0) < 0.5 ? 'idle' : 'busy'
}

/** The table of calls as text. */
export function printCalls(calls: readonly Figure[]): string {
  const callRows = calls.map(({ label, cpuUs, p50Ms, p99Ms, callsPerSecond }) => [
    label,
    `${round(cpuUs.median)} (${round(cpuUs.least)}-${round(cpuUs.most)})`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    round(callsPerSecond),
  ])
  return table(['', 'CPU us/call (range)', 'p50 ms', 'p99 ms', 'calls/s'], callRows)
}

/** The report as text tables. */
export function printReport(report: Report): string {
  const { calls, coldStartMs, logBytesPerCall, goals } = report
  const startRows = Object.entries(coldStartMs).map(([name, { median, least, most }]) => [
    name,
    `${round(median)} (${round(least)}-${round(most)})`,
  ])
  const logRows = Object.entries(logBytesPerCall).map(([id, bytes]) => [id, round(bytes)])
  const goalRows = goals.map(({ label, value, atMost }) => [
    label,
    value.toFixed(2),
    `${atMost}`,
    value <= atMost ? 'ok' : 'MISSED',
  ])
  return [
    `${report.machine}, ${report.load} when it began\n`,
    printCalls(calls),
    table(['cold start', 'ms (range)'], startRows),
    table(['log', 'bytes/call'], logRows),
    table(['ratio', 'value', 'at most', ''], goalRows),
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return `${[head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')}\n`
}

function round(value: number): string {
  return String(Math.round(value))
}
