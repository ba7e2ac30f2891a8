import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { splitList } from '../../../shared/config.ts'
import { readEnvFile } from '../../env-file.ts'
import { UsageError } from '../../kit/errors.ts'
import { DeployError } from '../deploy-error.ts'
import { createGcloud, type Gcloud } from '../gcloud.ts'
import { resourceName } from '../names.ts'
import { type Options, unknownName } from '../options.ts'
import type { Dependencies } from '../prepare.ts'
import { deploy } from '../run-deploy.ts'
import { readSettings, type Settings } from '../settings.ts'
import { readLatest, readVersion } from '../state/secrets.ts'
import { authorizeLogStream } from './log-stream.ts'

/** The secrets that take two values, with the function that reads each. */
const ROTATED: Readonly<Record<string, string>> = {
  GATEWAY_HMAC_SECRET: 'gateway',
  LOG_WEBHOOK_SECRET: 'log-webhook',
}
/** The secrets that can be rotated. */
export const ROTATED_SECRETS: readonly string[] = Object.keys(ROTATED)

/** What a rotation did, or would do. */
export interface Rotation {
  readonly secret: string
  readonly isApplied: boolean
  /** The moves as sentences. */
  readonly moves: readonly string[]
  /** What to do next. */
  readonly next: string
}

/** A part of a rotation. */
type Move =
  | { readonly kind: 'deploy'; readonly value: string; readonly what: string }
  | { readonly kind: 'stream'; readonly value: string; readonly what: string }

export interface RotateDependencies extends Dependencies {
  /** By default the tenant's Management API. */
  readonly authorizeStream?: typeof authorizeLogStream
}

/**
 * One run of `npm run rotate-secret`: goes on from what Secret Manager has, so it can be run again
 * after a failure.
 *
 * @throws UsageError for a secret that takes one value only; DeployError or ConfigError for people to
 * read.
 */
export async function rotateSecret(
  name: string,
  options: Options,
  dependencies: RotateDependencies,
): Promise<Rotation> {
  const { env, run, write, authorizeStream = authorizeLogStream } = dependencies
  const functionName = ROTATED[name]
  if (functionName === undefined) {
    throw new UsageError(unknownName('secret to rotate', name, ROTATED_SECRETS))
  }
  const file = readEnvFile(options.envFile)
  const settings = await readSettings({ flags: options, env, file }, run)
  const gcloud = createGcloud(run)
  const current = await readCurrent(name, settings, gcloud)
  const { moves, next } = await movesOf(name, current, settings, gcloud)
  write(`${moves.map(({ what }, index) => `${index + 1}. ${what}`).join('\n')}\n`)
  const rotation = { secret: name, isApplied: options.apply, moves: moves.map(({ what }) => what) }
  if (!options.apply) {
    write('Nothing was changed. To carry it out: --apply\n')
    return { ...rotation, next }
  }
  const passedOn = options.args.filter((arg) => ![name, '--apply', '--yes'].includes(arg))
  const deployment = { ...options, functions: [functionName], args: [functionName, ...passedOn] }
  let stored = current.value
  for (const { kind, value, what } of moves) {
    write(`${what}\n`)
    if (kind === 'stream') {
      const credentials = await withClientSecret({ ...file, ...env }, settings, gcloud)
      await authorizeStream(credentials, value)
      continue
    }
    await deploy(deployment, { ...dependencies, env: { ...env, [name]: value } })
    replaceInFile(options.envFile, stored, value)
    stored = value
  }
  if (env[name]?.trim()) write(`${name} is in the environment: set it to the new value there.\n`)
  write(`${next}\n`)
  return { ...rotation, next }
}

interface Current {
  readonly version: string
  readonly value: string
}

async function readCurrent(name: string, settings: Settings, gcloud: Gcloud): Promise<Current> {
  const id = resourceName(name, settings)
  const latest = await readLatest(gcloud, id, `--project=${settings.project}`)
  if (latest?.value === undefined) {
    throw new DeployError(
      `The value of ${id} in ${settings.project} cannot be read. Deploy first (npm run deploy), with a login that has roles/secretmanager.secretAccessor.`,
    )
  }
  return { version: latest.version, value: latest.value }
}

async function movesOf(
  name: string,
  current: Current,
  settings: Settings,
  gcloud: Gcloud,
): Promise<{ readonly moves: readonly Move[]; readonly next: string }> {
  const [first = '', second] = splitList(current.value)
  const made = randomBytes(32).toString('hex')
  if (name === 'LOG_WEBHOOK_SECRET') {
    const value = second === undefined ? made : first
    const both: Move = {
      kind: 'deploy',
      value: `${made},${first}`,
      what: 'Deploy log-webhook with the new value and the old one.',
    }
    return {
      moves: [
        ...(second === undefined ? [both] : []),
        { kind: 'stream', value, what: 'Let the log stream send the new value.' },
        { kind: 'deploy', value, what: 'Deploy log-webhook with the new value alone.' },
      ],
      next: 'LOG_WEBHOOK_SECRET is rotated.',
    }
  }
  const again = `npm run rotate-secret -- ${name} --apply`
  const read = `gcloud secrets versions access latest --secret=${resourceName(name, settings)} --project=${settings.project}`
  if (second === undefined) {
    const what = 'Store a new value behind the old one, which goes on signing.'
    return {
      moves: [{ kind: 'deploy', value: `${first},${made}`, what }],
      next: `Give the backends both values (${read}). When all have them: ${again}`,
    }
  }
  const before = await readVersion(gcloud, settings, name, Number(current.version) - 1)
  if (before === first) {
    const what = 'Put the new value first, so that it signs.'
    return {
      moves: [{ kind: 'deploy', value: `${second},${first}`, what }],
      next: `Take the old value from the backends. Then: ${again}`,
    }
  }
  const what = 'Remove the old value.'
  return { moves: [{ kind: 'deploy', value: first, what }], next: `${name} is rotated.` }
}

/** The Management API's secret is Secret Manager's where neither environment nor file has it. */
async function withClientSecret(
  env: Dependencies['env'],
  settings: Settings,
  gcloud: Gcloud,
): Promise<Dependencies['env']> {
  const name = 'MGMT_CLIENT_SECRET'
  if (env[name]?.trim()) return env
  const id = resourceName(name, settings)
  const latest = await readLatest(gcloud, id, `--project=${settings.project}`)
  return { ...env, [name]: latest?.value }
}

/** The file keeps up with Secret Manager; otherwise the next deployment would bring back the old value. */
function replaceInFile(path: string, before: string, after: string): void {
  const text = readFileSync(path, 'utf8')
  if (text.includes(before)) writeFileSync(path, text.replaceAll(before, after))
}
