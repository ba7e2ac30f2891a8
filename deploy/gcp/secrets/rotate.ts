import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { splitList } from '../../../shared/config.ts'
import { readEnvFile } from '../../env-file.ts'
import { UsageError } from '../../kit/errors.ts'
import { DeployError } from '../deploy-error.ts'
import { createGcloud, type Gcloud } from '../gcloud.ts'
import { resourceName } from '../names.ts'
import { type Options, unknownName } from '../options.ts'
import { checkProject } from '../preflight.ts'
import type { Dependencies } from '../prepare.ts'
import { deploy } from '../run-deploy.ts'
import { readSettings, type Settings } from '../settings.ts'
import { readLatest, readVersion } from '../state/secrets.ts'
import { authorizeLogStream } from './log-stream.ts'

/** The secrets that accept two values, each with the function that reads it. */
const ROTATED: Readonly<Record<string, string>> = {
  GATEWAY_HMAC_SECRET: 'gateway',
  LOG_WEBHOOK_SECRET: 'log-webhook',
}
/** The secrets that can be rotated. */
export const ROTATED_SECRETS: readonly string[] = Object.keys(ROTATED)

/** The result of a rotation or its plan. */
export interface Rotation {
  readonly secret: string
  readonly isApplied: boolean
  /** One sentence per step. */
  readonly moves: readonly string[]
  /** What to do next. */
  readonly next: string
}

/** One step of a rotation. */
type Move =
  | { readonly kind: 'deploy'; readonly value: string; readonly what: string }
  | { readonly kind: 'stream'; readonly value: string; readonly what: string }

export interface RotateDependencies extends Dependencies {
  /** Updates the log stream; default: by the Management API. */
  readonly authorizeStream?: typeof authorizeLogStream
}

/**
 * Runs `npm run rotate-secret`. It starts from the value in Secret Manager, so it can be run again after
 * a failure.
 *
 * @throws UsageError for a secret that cannot be rotated; DeployError or ConfigError with a message for
 * people.
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
  const current = await readCurrent(name, settings, gcloud, (message) => write(`${message}\n`))
  const { moves, next } = await planMoves(name, current, settings, gcloud)
  write(`${moves.map(({ what }, index) => `${index + 1}. ${what}`).join('\n')}\n`)
  const rotation = { secret: name, isApplied: options.apply, moves: moves.map(({ what }) => what) }
  if (!options.apply) {
    write('Nothing was changed. To apply it: --apply\n')
    return { ...rotation, next }
  }
  const forwardedArgs = options.args.filter((arg) => ![name, '--apply', '--yes'].includes(arg))
  const deployment = {
    ...options,
    functions: [functionName],
    args: [functionName, ...forwardedArgs],
  }
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
  if (env[name]?.trim()) write(`${name} is set in the environment: update it to the new value.\n`)
  write(`${next}\n`)
  return { ...rotation, next }
}

interface Current {
  readonly version: string
  readonly value: string
}

async function readCurrent(
  name: string,
  settings: Settings,
  gcloud: Gcloud,
  warn: (message: string) => void,
): Promise<Current> {
  const id = resourceName(name, settings)
  const latest = await readLatest(gcloud, id, `--project=${settings.project}`)
  if (latest?.value === undefined) {
    // Without a login or the project, no secret can be read.
    await checkProject(settings, gcloud, undefined, warn)
    throw new DeployError(
      `The value of ${id} in ${settings.project} cannot be read. Deploy first (npm run deploy), with a login that has the role roles/secretmanager.secretAccessor.`,
    )
  }
  return { version: latest.version, value: latest.value }
}

async function planMoves(
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
      what: 'Deploy log-webhook with the new and the old value.',
    }
    return {
      moves: [
        ...(second === undefined ? [both] : []),
        { kind: 'stream', value, what: 'Set the new value in the log stream.' },
        { kind: 'deploy', value, what: 'Deploy log-webhook with only the new value.' },
      ],
      next: 'LOG_WEBHOOK_SECRET is rotated.',
    }
  }
  const again = `npm run rotate-secret -- ${name} --apply`
  const read = `gcloud secrets versions access latest --secret=${resourceName(name, settings)} --project=${settings.project}`
  if (second === undefined) {
    const what = 'Store a new value after the old one, which still signs.'
    return {
      moves: [{ kind: 'deploy', value: `${first},${made}`, what }],
      next: `Configure both values in the backends (${read}). Then run: ${again}`,
    }
  }
  const before = await readVersion(gcloud, settings, name, Number(current.version) - 1)
  if (before === first) {
    const what = 'Store the new value first, so that it signs.'
    return {
      moves: [{ kind: 'deploy', value: `${second},${first}`, what }],
      next: `Remove the old value from the backends. Then run: ${again}`,
    }
  }
  const what = 'Remove the old value.'
  return { moves: [{ kind: 'deploy', value: first, what }], next: `${name} is rotated.` }
}

/** Reads MGMT_CLIENT_SECRET from Secret Manager if neither the environment nor the file contains it. */
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

/** Updates the file, because the next deployment would otherwise restore the old value. */
function replaceInFile(path: string, before: string, after: string): void {
  const text = readFileSync(path, 'utf8')
  if (text.includes(before)) writeFileSync(path, text.replaceAll(before, after))
}
