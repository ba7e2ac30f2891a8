/** The result of one row over all rounds. */
export interface Figure {
  readonly id: string
  readonly label: string
  /** CPU microseconds of the serving process per call: median, minimum and maximum of the rounds. */
  readonly cpuUs: Spread
  readonly p50Ms: number
  readonly p99Ms: number
  readonly callsPerSecond: number
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** One round of one row. */
export interface Round {
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly callsPerSecond: number
}

/** A measured value and its upper bound. */
export interface Goal {
  readonly label: string
  readonly value: number
  readonly atMost: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: median(sorted), least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function toFigure(id: string, label: string, rounds: readonly Round[]): Figure {
  return {
    id,
    label,
    cpuUs: spread(rounds.map(({ cpuUs }) => cpuUs)),
    p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
    callsPerSecond: median(rounds.map(({ callsPerSecond }) => callsPerSecond)),
  }
}

/** The measurements other than the calls. */
export interface OtherFigures {
  readonly coldStartMs: Readonly<Record<string, Spread>>
  readonly residentMiB: Readonly<Record<string, { readonly half: number; readonly end: number }>>
  /** Duration of the first and the second call of a new process, in milliseconds. */
  readonly firstCallMs?: { readonly first: Spread; readonly second: Spread } | undefined
  /** Peak resident memory in MiB with 80 calls of 100 KB in flight. */
  readonly peakMiB?: number | undefined
  readonly delivery?: { readonly cpuUsPerRecord: number; readonly addedMiB: number } | undefined
}

/** The ratios of the benchmark and their bounds. */
export function goals(figures: readonly Figure[], other: OtherFigures): readonly Goal[] {
  const { coldStartMs: coldStart, residentMiB: memory, firstCallMs, peakMiB, delivery } = other
  const of = (id: string) => figures.find((figure) => figure.id === id)
  const cpu = (id: string) => of(id)?.cpuUs.median ?? Number.NaN
  const p99 = (id: string) => of(id)?.p99Ms ?? Number.NaN
  const start = (name: string) => coldStart[name]?.median ?? Number.NaN
  const end = (name: string) => memory[name]?.end ?? Number.NaN
  const grown = (memory['gateway']?.end ?? Number.NaN) / (memory['gateway']?.half ?? Number.NaN)
  const ratio = (label: string, value: number, atMost: number): Goal => ({ label, value, atMost })
  const firstCall = (firstCallMs?.first.median ?? 0) / (firstCallMs?.second.median ?? Number.NaN)
  return [
    ratio('CPU per call, token seen / Node alone', cpu('call-users') / cpu('raw'), 1.7),
    ratio('CPU per call, token seen / empty', cpu('call-users') / cpu('empty'), 1.3),
    ratio('CPU per call, token seen / SDK', cpu('call-users') / cpu('sdk'), 0.18),
    ratio('CPU per call, token new / SDK', cpu('call-new') / cpu('sdk'), 0.33),
    ratio('CPU per call of 200 KB / Node alone', cpu('call-large') / cpu('raw-large'), 3),
    ratio('CPU per call of 200 KB / SDK', cpu('call-large') / cpu('sdk-large'), 0.35),
    ratio('p99 latency, 64 connections / empty', p99('call-64') / p99('empty-64'), 1),
    ratio('cold start, 3 tools / empty', start('gateway') / start('empty'), 1.15),
    ratio('cold start, 117 tools / empty', start('gateway, 117 tools') / start('empty'), 1.25),
    ratio('cold start, metadata / empty', start('metadata') / start('empty'), 1.15),
    ratio('cold start, log-webhook / empty', start('log-webhook') / start('empty'), 1.3),
    ratio('first call / second', firstCall, 3),
    ratio('tools/list, 117 tools / 3 tools', cpu('list-117') / cpu('list-3'), 3),
    ratio('memory after 100,000 calls / empty', end('gateway') / end('empty'), 1.2),
    ratio('memory, call 100,000 / call 50,000', grown, 1.05),
    ratio('MiB with 80 calls of 100 KB in flight', peakMiB ?? Number.NaN, 256),
    ratio('log record, no registration, CPU us', delivery?.cpuUsPerRecord ?? Number.NaN, 20),
    ratio('delivery of 8 MiB, MiB above idle', delivery?.addedMiB ?? Number.NaN, 64),
    ratio('refused, no token / accepted', cpu('refused-none') / cpu('call'), 1),
    ratio('refused, bad signature seen / accepted', cpu('refused-forged') / cpu('call'), 1),
    ratio('refused, bad signature new / new', cpu('refused-signature') / cpu('call-new'), 1),
    ratio('refused, unknown key new / new', cpu('refused-kid') / cpu('call-new'), 1),
  ]
}
