import { functionNames } from '../../build/functions.ts'
import { checkApp, checkOwnership } from '../checks/ownership.ts'
import { createGcloud, type Gcloud } from '../gcloud.ts'
import { checkLiveSite } from '../hosting/plan.ts'
import type { Options } from '../options.ts'
import { type Backend, guessBackends, readBackends } from '../plan/backends.ts'
import { calledBackends } from '../plan/called-backends.ts'
import type { BuiltTarget } from '../plan/functions.ts'
import { type Leftover, leftoversOf } from '../plan/leftovers.ts'
import { type Deployment, phasesOf } from '../plan/plan.ts'
import { readUnusedAccounts, type UnusedAccount } from '../plan/unused.ts'
import { readOldVersions } from '../plan/versions.ts'
import type { Dependencies, DesiredDeployment } from '../prepare.ts'
import { reportSecrets, resolveSecrets } from '../secrets/resolve.ts'
import type { State } from '../state/state.ts'
import { configuredFunctions, type Target } from '../targets.ts'
import type { CurrentDeployment } from './current-deployment.ts'

/**
 * Combines the desired and the current deployment, and checks that the current one may be changed.
 *
 * @throws DeployError or ConfigError that states what to do.
 */
export async function resolveDeployment(
  desired: DesiredDeployment,
  targets: readonly BuiltTarget[],
  { state, site, isRead }: CurrentDeployment,
  options: Options,
  { run, write }: Pick<Dependencies, 'run' | 'write'>,
): Promise<Deployment> {
  const { settings, env } = desired
  const gcloud = createGcloud(run)
  const {
    targets: resolved,
    kept,
    generated,
  } = await resolveSecrets(desired, targets, state, options)
  reportSecrets({ kept, generated, targets: resolved, state, settings, options }, write)
  if (!options.adopt) {
    checkApp(env['PUBLIC_URL'], functionNames(), state, settings)
    checkOwnership(resolved, state, settings)
    if (site !== undefined) checkLiveSite(site, settings)
  }
  const { keepVersions: keep, updateSecrets: update } = options
  const pruned = leftoversToPrune(desired, state, options, write)
  return {
    settings,
    targets: resolved,
    state,
    site,
    backends: await backendsOf(targets, desired, options, { run, write, isRead }),
    updateSecrets: update,
    pruned,
    unused: await accountsToPrune(desired, pruned, state, options, gcloud),
    oldVersions:
      keep === undefined
        ? []
        : await readOldVersions(resolved, state, settings, { keep, update }, gcloud),
  }
}

/** Returns the leftovers with --prune if all functions are deployed; otherwise only prints them. */
function leftoversToPrune(
  { env, settings }: DesiredDeployment,
  state: State,
  options: Options,
  write: Dependencies['write'],
) {
  if (options.functions.length > 0) return []
  const leftovers = leftoversOf(state, functionNames(), configuredFunctions(env), settings)
  if (options.prune || leftovers.length === 0) return leftovers
  const names = leftovers.map(({ id, region }) => `  ${id} in ${region}`).join('\n')
  write(`Functions of this deployment that are no longer configured:
${names}
They are public and are not changed. To remove them: npm run deploy -- --prune\n`)
  return []
}

/** --prune removes the accounts of unconfigured functions, including those that an interrupted run left. */
async function accountsToPrune(
  { env, settings }: DesiredDeployment,
  pruned: readonly Leftover[],
  state: State,
  options: Options,
  gcloud: Gcloud,
): Promise<UnusedAccount[]> {
  if (!options.prune || options.functions.length > 0) return []
  const desired = configuredFunctions(env)
  const unconfigured = functionNames().filter((name) => !desired.includes(name))
  const includesFunctions = phasesOf(options.only, options.skip).has('functions')
  return readUnusedAccounts(unconfigured, includesFunctions ? pruned : [], state, settings, gcloud)
}

async function backendsOf(
  targets: readonly Target[],
  { env, settings }: DesiredDeployment,
  options: Options,
  { run, write, isRead }: Pick<Dependencies, 'run' | 'write'> & { readonly isRead: boolean },
): Promise<Backend[]> {
  const isRequested =
    targets.some(({ name }) => name === 'gateway') &&
    phasesOf(options.only, options.skip).has('backends')
  if (!isRequested) return []
  const base = env['FUNCTIONS_BASE'] ?? ''
  const called = calledBackends(env)
  if (!isRead) return guessBackends(base, called, settings)
  const warn = (message: string) =>
    write(`${message}\nAfter correcting it, run: npm run deploy -- --only=backends\n`)
  return readBackends(base, called, settings, createGcloud(run), warn)
}
