import { cpus, totalmem } from 'node:os'
import type { Figure, Goal, Spread } from './figures.ts'

export interface Report {
  /** ISO 8601 date. */
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly sizes: Readonly<Record<string, number>>
  readonly calls: readonly Figure[]
  readonly coldStartMs: Readonly<Record<string, Spread>>
  readonly residentMiB: Readonly<Record<string, { readonly half: number; readonly end: number }>>
  /** Bytes of log per call, by row. */
  readonly logBytesPerCall: Readonly<Record<string, number>>
  readonly jwksFetches: number
  readonly goals: readonly Goal[]
}

/** What the figures were taken on. */
export function machine(): string {
  const [{ model } = { model: 'unknown CPU' }, ...others] = cpus()
  return `${others.length + 1} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}

/** The report for people: one table for calls, one for goals. */
export function printReport({ calls, coldStartMs, logBytesPerCall, goals }: Report): string {
  const callRows = calls.map(({ label, cpuUs, p50Ms, p99Ms, callsPerSecond }) => [
    label,
    `${round(cpuUs.median)} (${round(cpuUs.least)}-${round(cpuUs.most)})`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    round(callsPerSecond),
  ])
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
    table(['', 'CPU us/call (range)', 'p50 ms', 'p99 ms', 'calls/s'], callRows),
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
