/**
 * `npm run fuzz [-- --seconds 300 --seed N --target NAME]`: fuzzes the parsers of foreign input for the
 * given time. Exits with 1 at the first text on which a property does not hold, prints the text and adds
 * it to the corpus, which the tests check.
 */
import { parseArgs } from 'node:util'
import { addToCorpus } from './corpus.ts'
import { type Failure, fuzz } from './fuzz.ts'
import { TARGETS } from './targets.ts'

const USAGE = `Usage: npm run fuzz [-- options]

  --seconds N    how long, 1 to 86400; default 300
  --seed N       a whole number; the same seed makes the same texts; default: a random one
  --target NAME  one of ${TARGETS.map(({ name }) => name).join(', ')}; default: all
  --help         prints this
`
const RUNS_A_ROUND = 300
/** Time to shrink a text that is found at the end. */
const SHRINK_MS = 30_000
const MAX_SEED = 0x7fff_ffff

interface Options {
  readonly seconds: number
  readonly seed: number
  readonly target: string | undefined
}

process.exitCode = await main()

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'number') return options
  const { seconds, seed, target } = options
  const targets = TARGETS.filter(({ name }) => target === undefined || name === target)
  process.stdout.write(`seed ${seed}, ${seconds} s\n`)
  const deadline = performance.now() + seconds * 1_000
  const runs = new Map(targets.map(({ name }) => [name, 0]))
  for (let round = 0; performance.now() < deadline; round++) {
    for (const one of targets) {
      if (performance.now() >= deadline) break
      const failure = await fuzz(one, {
        seed: (seed + round) % MAX_SEED,
        runs: RUNS_A_ROUND,
        budgetMs: (length) => 100 + length / 10,
        timeLimitMs: deadline - performance.now() + SHRINK_MS,
      })
      if (failure !== undefined) return report(failure)
      runs.set(one.name, (runs.get(one.name) ?? 0) + RUNS_A_ROUND)
    }
  }
  for (const [name, count] of runs) process.stdout.write(`${name.padEnd(16)} ${count} texts\n`)
  return 0
}

function report({ target, text, seed, cause }: Failure): number {
  addToCorpus(target, text)
  const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  process.stdout.write(
    `${target} fails, seed ${seed}:\n${JSON.stringify(text)}\n${reason}\nThe text is in test/fuzz/corpus/${target}.jsonl.\n`,
  )
  return 1
}

/** The options, or the exit code if nothing is to run. */
function readOptions(): Options | number {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '300' },
        seed: { type: 'string' },
        target: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) {
      process.stdout.write(USAGE)
      return 0
    }
    const seconds = Number(values.seconds)
    const seed = Number(values.seed ?? Math.floor(Math.random() * MAX_SEED))
    const isTarget =
      values.target === undefined || TARGETS.some(({ name }) => name === values.target)
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) {
      return refuse('--seconds is a whole number from 1 to 86400.')
    }
    if (!Number.isInteger(seed) || seed < 0 || seed >= MAX_SEED) {
      return refuse(`--seed is a whole number from 0 to ${MAX_SEED - 1}.`)
    }
    if (!isTarget) return refuse(`There is no target ${JSON.stringify(values.target)}.`)
    return { seconds, seed, target: values.target }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return refuse(error.message)
  }
}

function refuse(message: string): number {
  process.stderr.write(`${message}\n${USAGE}`)
  return 2
}
