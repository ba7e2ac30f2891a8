/** What one row came to over all rounds. */
export interface Figure {
  readonly id: string
  readonly label: string
  /** CPU microseconds of the serving process per call: median, least and most of the rounds. */
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

/** A figure that has a bound. */
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

/** The ratios that the project holds itself to. */
export function goals(
  figures: readonly Figure[],
  coldStart: Readonly<Record<string, Spread>>,
  memory: Readonly<Record<string, { readonly half: number; readonly end: number }>>,
): readonly Goal[] {
  const of = (id: string) => figures.find((figure) => figure.id === id)
  const cpu = (id: string) => of(id)?.cpuUs.median ?? Number.NaN
  const p99 = (id: string) => of(id)?.p99Ms ?? Number.NaN
  const start = (name: string) => coldStart[name]?.median ?? Number.NaN
  const end = (name: string) => memory[name]?.end ?? Number.NaN
  const grown = (memory['gateway']?.end ?? Number.NaN) / (memory['gateway']?.half ?? Number.NaN)
  return [
    { label: 'CPU per call, token seen / SDK', value: cpu('call') / cpu('sdk'), atMost: 0.35 },
    { label: 'CPU per call, token new / SDK', value: cpu('call-new') / cpu('sdk'), atMost: 0.6 },
    { label: 'CPU per call, token seen / empty', value: cpu('call') / cpu('empty'), atMost: 2.5 },
    { label: 'p99 latency / SDK', value: p99('call') / p99('sdk'), atMost: 0.5 },
    { label: 'cold start, gateway / empty', value: start('gateway') / start('empty'), atMost: 1.2 },
    {
      label: 'cold start, metadata / empty',
      value: start('metadata') / start('empty'),
      atMost: 1.15,
    },
    {
      label: 'cold start, log-webhook / empty',
      value: start('log-webhook') / start('empty'),
      atMost: 1.3,
    },
    {
      label: 'memory after 100,000 calls / empty',
      value: end('gateway') / end('empty'),
      atMost: 1.3,
    },
    { label: 'memory, call 100,000 / call 50,000', value: grown, atMost: 1.05 },
    { label: 'tools/list, 200 tools / 3 tools', value: cpu('list-200') / cpu('list-3'), atMost: 4 },
    { label: 'refused, no token / accepted', value: cpu('refused-none') / cpu('call'), atMost: 1 },
    {
      label: 'refused, bad signature seen / accepted',
      value: cpu('refused-forged') / cpu('call'),
      atMost: 1,
    },
    {
      label: 'refused, bad signature new / accepted new',
      value: cpu('refused-signature') / cpu('call-new'),
      atMost: 1,
    },
    {
      label: 'refused, unknown key / accepted',
      value: cpu('refused-kid') / cpu('call'),
      atMost: 1,
    },
  ]
}
