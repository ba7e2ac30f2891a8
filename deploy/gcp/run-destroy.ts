import { ConfigError, type Environment } from '../../shared/config.ts'
import { functionNames } from '../build/functions.ts'
import { readEnvFile } from '../env-file.ts'
import { checkApp } from './checks/ownership.ts'
import { createGcloud, type Gcloud } from './gcloud.ts'
import { readLiveSite } from './hosting/live.ts'
import { writeSite } from './hosting/site.ts'
import { monitoringEnd } from './monitoring/prepare.ts'
import type { Options } from './options.ts'
import { type Backend, readBackends } from './plan/backends.ts'
import { calledBackends } from './plan/called-backends.ts'
import { planEnd } from './plan/end.ts'
import { inPhases, phasesOf } from './plan/plan.ts'
import { checkProject } from './preflight.ts'
import type { Dependencies } from './prepare.ts'
import { runSteps } from './run-steps.ts'
import { secretNames } from './secrets/kept.ts'
import { readSettings, type Settings } from './settings.ts'
import { readState } from './state/state.ts'
import { type DescribedStep, describeStep, PHASES, toDescribed } from './step.ts'

/** What `npm run destroy` removed, or would remove. */
export interface Destroyed {
  readonly project: string
  readonly region: string
  readonly isApplied: boolean
  readonly commands: readonly DescribedStep[]
  /** What stays, and why: sentences. */
  readonly kept: readonly string[]
}

/**
 * One run of `npm run destroy`.
 *
 * @throws DeployError or ConfigError for people to read.
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
  // A secret may serve several functions, so it goes when all go.
  const secrets = all ? [...new Set([...secretNames(file), 'OBO_CLIENT_SECRET'])] : []
  const state = await readState(settings, { functions, secrets, values: false }, gcloud)
  if (!options.adopt) checkApp(file['PUBLIC_URL'], functionNames(), state, settings)
  const backends = functions.includes('gateway')
    ? await backendsOf(file, settings, gcloud, write)
    : []
  const site =
    all && phases.has('hosting') ? await readSite(settings, options, dependencies) : undefined
  const monitoring =
    all && phases.has('monitoring') ? await monitoringEnd(settings, gcloud, write) : []
  const end = planEnd({ functions, settings, state, backends, site })
  const steps = [...monitoring, ...inPhases(end.steps, phases)]
  const kept = phases.has('secrets') ? end.kept : []
  for (const sentence of kept) write(`${sentence}\n`)
  const { project, region } = settings
  const isApplied = options.apply && !options.dryRun
  const destroyed = { project, region, isApplied, commands: steps.map(toDescribed), kept }
  if (steps.length === 0) {
    write(`Nothing in ${project}, ${region} was made by npm run deploy.\n`)
    return destroyed
  }
  if (!isApplied) {
    write(`${steps.map(describeStep).join('\n')}\n${steps.length} commands, none of them run.\n`)
    return destroyed
  }
  await runSteps(steps, { run, write, again: ['npm run destroy --', ...options.args].join(' ') })
  return destroyed
}

/** Where there is no file, flags and gcloud tell the project. */
function readOptionalEnvFile(path: string, write: Dependencies['write']): Environment {
  try {
    return readEnvFile(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    write(`${error.faults.join('\n')}; going on without\n`)
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
  // One that is gone keeps no grant.
  const note = (message: string) => write(`${message}\n`)
  return readBackends(env['FUNCTIONS_BASE'] ?? '', calledBackends(env), settings, gcloud, note)
}
