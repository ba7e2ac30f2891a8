/**
 * `npm run bench`: measures the cost of calls to the gateway and to reference servers in one run (Linux
 * only: CPU time and memory come from /proc). Requires `npm run build`. Exits with 1 when a ratio exceeds
 * its bound. `--compare REV` measures the calls with this gateway and with that of another revision.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { JWKS_PATH, startIssuer } from '../support/http/issuer.ts'
import { largeTools, writeTools } from './catalogue.ts'
import { chart } from './chart.ts'
import { buildRevision } from './compare.ts'
import { goals } from './figures.ts'
import { rows, servers } from './loads.ts'
import {
  measureCalls,
  measureColdStarts,
  measureLogBytes,
  measureMemory,
  type Sizes,
} from './measure.ts'
import { measureDelivery, measureFirstCalls, measurePeak } from './others.ts'
import { machine, machineLoad, printCalls, printReport, type Report } from './report.ts'
import { startServer } from './server-process.ts'
import { shapeChart } from './shape-chart.ts'
import {
  backend,
  deployedGateway,
  emptyFunction,
  gateway,
  logWebhook,
  metadata,
} from './subjects.ts'
import { mintTokens } from './tokens.ts'

const FULL: Sizes = {
  warmUpMs: 6_000,
  rounds: 7,
  calls: 4_000,
  connections: 32,
  coldStarts: 15,
  memoryCalls: 100_000,
}
const QUICK: Sizes = {
  ...FULL,
  warmUpMs: 0,
  rounds: 2,
  calls: 1_500,
  coldStarts: 5,
  memoryCalls: 10_000,
}

/** Rows whose log volume is measured. Log volume is billed. */
const LOGGED = ['call', 'list-3', 'refused-none']

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    compare: { type: 'string' },
  },
})

/** The rows that `--compare` measures with both revisions. */
const COMPARED = ['call-users', 'call-new', 'call-large', 'list-3']

async function compare(name: string, sizes: Sizes): Promise<string> {
  using revision = buildRevision(name)
  await using issuer = await startIssuer()
  await using backendProcess = await startServer(backend)
  const surroundings = { issuer: issuer.url, backend: backendProcess.url }
  const here = gateway(surroundings)
  const compared = rows(await mintTokens(issuer)).filter(({ id }) => COMPARED.includes(id))
  const pairs = compared.flatMap((row) => [
    row,
    { ...row, id: `${row.id} at ${name}`, label: `${row.label}, at ${name}`, server: name },
  ])
  const commands = { gateway: here, [name]: revision.at(here) }
  const calls = await measureCalls(pairs, commands, sizes, (round) =>
    process.stderr.write(`round ${round} of ${sizes.rounds}\n`),
  )
  return printCalls(calls)
}

async function measure(sizes: Sizes, only: readonly string[] | undefined): Promise<Report> {
  const load = machineLoad()
  await using issuer = await startIssuer()
  await using backendProcess = await startServer(backend)
  const surroundings = { issuer: issuer.url, backend: backendProcess.url }
  const tokens = await mintTokens(issuer)
  const all = rows(tokens)
  const wanted = all.filter(({ id }) => only === undefined || only.includes(id))
  const needed = new Set(wanted.map(({ server }) => server))
  const commands = Object.entries(servers(surroundings)).filter(([name]) => needed.has(name))
  const fetchesBefore = issuer.countOf(JWKS_PATH)
  const calls = await measureCalls(wanted, Object.fromEntries(commands), sizes, (round) =>
    process.stderr.write(`round ${round} of ${sizes.rounds}\n`),
  )
  const jwksFetches = issuer.countOf(JWKS_PATH) - fetchesBefore
  const whole = only === undefined
  const coldStartMs = whole
    ? await measureColdStarts(
        {
          empty: emptyFunction,
          gateway: deployedGateway('3-tools', surroundings, writeTools(3)),
          'gateway, 117 tools': deployedGateway('117-tools', surroundings, largeTools()),
          metadata: metadata(surroundings),
          'log-webhook': logWebhook(),
        },
        sizes,
      )
    : {}
  const rowOf = (id: string) => {
    const row = all.find((candidate) => candidate.id === id)
    if (row === undefined) throw new Error(`No row ${id}`)
    return row
  }
  const others = whole
    ? {
        firstCallMs: await measureFirstCalls(
          deployedGateway('3-tools', surroundings, writeTools(3)),
          rowOf('call'),
          sizes.coldStarts,
        ),
        peakMiB: await measurePeak(gateway(surroundings), rowOf('call-100')),
        delivery: await measureDelivery(logWebhook()),
      }
    : {}
  const memoryOf = (id: string, command: typeof backend) => measureMemory(command, rowOf(id), sizes)
  const residentMiB: Report['residentMiB'] = whole
    ? {
        empty: await memoryOf('empty', emptyFunction),
        gateway: await memoryOf('call-users', gateway(surroundings)),
      }
    : {}
  const logBytesPerCall: Record<string, number> = {}
  for (const row of wanted.filter(({ id }) => LOGGED.includes(id))) {
    const command = servers(surroundings)[row.server]
    if (command) logBytesPerCall[row.id] = await measureLogBytes(command, row)
  }
  return {
    date: new Date().toISOString(),
    machine: machine(),
    load,
    node: process.versions.node,
    sizes: { ...sizes },
    calls,
    coldStartMs,
    residentMiB,
    logBytesPerCall,
    jwksFetches,
    ...others,
    goals: whole ? goals(calls, { coldStartMs, residentMiB, ...others }) : [],
  }
}

if (!existsSync('dist/gateway')) {
  process.stderr.write('Run npm run build first: the benchmark measures what is deployed.\n')
  process.exit(2)
}
if (values.compare !== undefined) {
  process.stdout.write(await compare(values.compare, values.quick ? QUICK : FULL))
  process.exit(0)
}
const report = await measure(values.quick ? QUICK : FULL, values.only)
process.stdout.write(printReport(report))
process.stdout.write(`key set fetches: ${report.jwksFetches}\n`)
if (values.save) {
  writeFileSync('test/bench/result.json', `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync('test/bench/result.svg', chart(report))
  writeFileSync('test/bench/shapes.svg', shapeChart(report))
}
process.exitCode = report.goals.every(({ value, atMost }) => value <= atMost) ? 0 : 1
