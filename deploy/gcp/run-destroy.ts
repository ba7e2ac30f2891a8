import { ConfigError, type Environment } from '../../shared/config.ts'
import { functionNames } from '../build/functions.ts'
import { readEnvFile } from '../env-file.ts'
import { quantity } from '../kit/quantity.ts'
import { checkApp } from './checks/ownership.ts'
import { createGcloud, type Gcloud } from './gcloud.ts'
import { readLiveSite } from './hosting/live.ts'
import { writeSite } from './hosting/site.ts'
import { monitoringRemoval } from './monitoring/prepare.ts'
import type { Options } from './options.ts'
import { type Backend, readBackends } from './plan/backends.ts'
import { calledBackends } from './plan/called-backends.ts'
import { planDestroy } from './plan/destroy.ts'
import { inPhases, phasesOf } from './plan/plan.ts'
import { checkProject } from './preflight.ts'
import type { Dependencies } from './prepare.ts'
import { runSteps } from './run-steps.ts'
import { secretNames } from './secrets/given.ts'
import { readSettings, type Settings } from './settings.ts'
import { readState } from './state/state.ts'
import { type DescribedStep, describeStep, PHASES, toDescribed } from './step.ts'

/** The result of `npm run destroy`. */
export interface Destroyed {
  readonly project: string
  readonly region: string
  readonly isApplied: boolean
  readonly commands: readonly DescribedStep[]
  /** One sentence per resource that is kept, with the reason. */
  readonly kept: readonly string[]
}

/**
 * Runs `npm run destroy`.
 *
 * @throws DeployError or ConfigError with a message for people.
 */
export async function destroy(options: Options, dependencies: Dependencies): Promise<Destroyed> {
  const { env, run, write } = dependencies
  const file = readOptionalEnvFile(options.envFile, write)
  const settings = await readSettings({ flags: options, env, file }, run)
  const gcloud = createGcloud(run)
  await checkProject(settings, gcloud)
  const phases = phasesOf(options.only, options.skip, PHASES)
  const all = options.functions.length === 0
  const functions = all ? functionNames() : options.functions
  // Several functions may use a secret, so secrets are removed only with all functions.
  const secrets = all ? [...new Set([...secretNames(file), 'OBO_CLIENT_SECRET'])] : []
  const state = await readState(settings, { functions, secrets, values: false }, gcloud)
  if (!options.adopt) checkApp(file['PUBLIC_URL'], functionNames(), state, settings)
  const backends = functions.includes('gateway')
    ? await backendsOf(file, settings, gcloud, write)
    : []
  const site =
    all && phases.has('hosting') ? await readSite(settings, options, dependencies) : undefined
  const monitoring =
    all && phases.has('monitoring') ? await monitoringRemoval(settings, gcloud, write) : []
  const end = planDestroy({ functions, settings, state, backends, site })
  const steps = [...monitoring, ...inPhases(end.steps, phases)]
  const kept = phases.has('secrets') ? end.kept : []
  for (const sentence of kept) write(`${sentence}\n`)
  const { project, region } = settings
  const isApplied = options.apply && !options.dryRun
  const destroyed = { project, region, isApplied, commands: steps.map(toDescribed), kept }
  if (steps.length === 0) {
    write(`npm run deploy has created nothing in ${project}, ${region}.\n`)
    return destroyed
  }
  if (!isApplied) {
    write(`${steps.map(describeStep).join('\n')}\nDry run: ${quantity(steps.length, 'command')}.\n`)
    return destroyed
  }
  await runSteps(steps, { run, write, again: ['npm run destroy --', ...options.args].join(' ') })
  return destroyed
}

/** Without the file, options and gcloud's configuration determine the project. */
function readOptionalEnvFile(path: string, write: Dependencies['write']): Environment {
  try {
    return readEnvFile(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    write(`${error.faults.join('\n')}; continuing without it\n`)
    return {}
  }
}

async function readSite(settings: Settings, { dist }: Options, dependencies: Dependencies) {
  const site = writeSite(functionNames(), settings, dist)
  return { site, live: await readLiveSite(site, settings, dependencies) }
}

async function backendsOf(
  env: Environment,
  settings: Settings,
  gcloud: Gcloud,
  write: Dependencies['write'],
): Promise<Backend[]> {
  // A deleted backend has no permission to remove, so a warning is enough.
  const warn = (message: string) => write(`${message}\n`)
  return readBackends(env['FUNCTIONS_BASE'] ?? '', calledBackends(env), settings, gcloud, warn)
}
