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
import { readUnused, type UnusedAccount } from '../plan/unused.ts'
import { readOldVersions } from '../plan/versions.ts'
import type { Dependencies, Wanted } from '../prepare.ts'
import { noteSecrets, resolveSecrets } from '../secrets/resolve.ts'
import type { State } from '../state/state.ts'
import { type Target, wantedFunctions } from '../targets.ts'
import type { Found } from './found.ts'

/**
 * What is to be deployed over what there is, checked that it may be changed.
 *
 * @throws DeployError or ConfigError saying what to do.
 */
export async function decide(
  wanted: Wanted,
  targets: readonly BuiltTarget[],
  { state, site, isRead }: Found,
  options: Options,
  { run, write }: Pick<Dependencies, 'run' | 'write'>,
): Promise<Deployment> {
  const { settings, env } = wanted
  const gcloud = createGcloud(run)
  const { targets: resolved, kept, made } = await resolveSecrets(wanted, targets, state, options)
  noteSecrets({ kept, made, targets: resolved, state, settings, options }, write)
  if (!options.adopt) {
    checkApp(env['PUBLIC_URL'], functionNames(), state, settings)
    checkOwnership(resolved, state, settings)
    if (site !== undefined) checkLiveSite(site, settings)
  }
  const { keepVersions: keep, updateSecrets: update } = options
  const pruned = prunedOf(wanted, state, options, write)
  return {
    settings,
    targets: resolved,
    state,
    site,
    backends: await backendsOf(targets, wanted, options, { run, write, isRead }),
    updateSecrets: update,
    pruned,
    unused: await unusedOf(wanted, pruned, state, options, gcloud),
    oldVersions:
      keep === undefined
        ? []
        : await readOldVersions(resolved, state, settings, { keep, update }, gcloud),
  }
}

/** Leftovers go when all functions are deployed and --prune says so; else they are shown. */
function prunedOf(
  { env, settings }: Wanted,
  state: State,
  options: Options,
  write: Dependencies['write'],
) {
  if (options.functions.length > 0) return []
  const leftovers = leftoversOf(state, functionNames(), wantedFunctions(env), settings)
  if (options.prune || leftovers.length === 0) return leftovers
  const names = leftovers.map(({ id, region }) => `  ${id} in ${region}`).join('\n')
  write(`Functions of this deployment that its configuration does not have:
${names}
They are public and stay as they are. To remove them: npm run deploy -- --prune\n`)
  return []
}

/** --prune takes the accounts of functions that are not wanted, also where an earlier run was ended. */
async function unusedOf(
  { env, settings }: Wanted,
  pruned: readonly Leftover[],
  state: State,
  options: Options,
  gcloud: Gcloud,
): Promise<UnusedAccount[]> {
  if (!options.prune || options.functions.length > 0) return []
  const wanted = wantedFunctions(env)
  const unwanted = functionNames().filter((name) => !wanted.includes(name))
  const goesToo = phasesOf(options.only, options.skip).has('functions')
  return readUnused(unwanted, goesToo ? pruned : [], state, settings, gcloud)
}

async function backendsOf(
  targets: readonly Target[],
  { env, settings }: Wanted,
  options: Options,
  { run, write, isRead }: Pick<Dependencies, 'run' | 'write'> & { readonly isRead: boolean },
): Promise<Backend[]> {
  const isAsked =
    targets.some(({ name }) => name === 'gateway') &&
    phasesOf(options.only, options.skip).has('backends')
  if (!isAsked) return []
  const base = env['FUNCTIONS_BASE'] ?? ''
  const called = calledBackends(env)
  if (!isRead) return guessBackends(base, called, settings)
  const note = (message: string) =>
    write(`${message}\nOnce that is mended: npm run deploy -- --only=backends\n`)
  return readBackends(base, called, settings, createGcloud(run), note)
}
