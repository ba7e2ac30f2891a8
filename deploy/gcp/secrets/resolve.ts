import type { Environment } from '../../../shared/config.ts'
import { resourceName } from '../names.ts'
import type { Options } from '../options.ts'
import type { BuiltTarget } from '../plan/functions.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { readTargets } from '../targets.ts'
import { createSigningKey, KEPT } from './kept.ts'

const SIGNING_KEY = 'GATEWAY_SIGNING_KEY'

/** The targets with their secrets as they are to be. */
export interface Resolved {
  readonly targets: BuiltTarget[]
  /** Secrets that are not given, and stay as Secret Manager has them. */
  readonly kept: readonly string[]
  /** Secrets that this run makes. */
  readonly made: readonly string[]
}

/**
 * Fills in the secrets that are not given: Secret Manager's own where it has them, made by this
 * command (any, with --adopt); a new signing key where one is asked for.
 *
 * @throws ConfigError when a function needs one that is nowhere.
 */
export async function resolveSecrets(
  { env, absent }: { readonly env: Environment; readonly absent: readonly string[] },
  targets: readonly BuiltTarget[],
  { secrets }: State,
  { adopt, signingKey }: Pick<Options, 'adopt' | 'signingKey'>,
): Promise<Resolved> {
  const kept = absent.filter((name) => {
    const stored = secrets.get(name)
    return stored?.latest !== undefined && (stored.isOurs || adopt)
  })
  const isMade = signingKey && absent.includes(SIGNING_KEY) && !kept.includes(SIGNING_KEY)
  const made = isMade ? { [SIGNING_KEY]: createSigningKey() } : {}
  const names = targets.map(({ name }) => name)
  const resolved = readTargets(names, { ...env, ...made }, kept)
  return {
    targets: targets.map((target, index) => ({ ...target, ...resolved[index] })),
    kept: kept.filter((name) => resolved.some((target) => target.secrets[name] === KEPT)),
    made: Object.keys(made),
  }
}

/** Says which secrets are kept, made, or left as they are because they cannot be compared. */
export function noteSecrets(
  {
    kept,
    made,
    targets,
    state,
    settings,
    options,
  }: Resolved & {
    readonly state: State
    readonly settings: Settings
    readonly options: Pick<Options, 'signingKey' | 'updateSecrets'>
  },
  write: (text: string) => void,
): void {
  const ids = (names: readonly string[]) =>
    names.map((name) => resourceName(name, settings)).join(', ')
  if (kept.length > 0) write(`Not given, kept as Secret Manager has them: ${ids(kept)}\n`)
  if (made.length > 0) write(`New: ${ids(made)}, kept in Secret Manager alone\n`)
  if (options.signingKey && made.length === 0) {
    write(`${ids([SIGNING_KEY])} is there already; --signing-key changes nothing\n`)
  }
  if (options.updateSecrets) return
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  const unread = [...values].filter(([name, value]) => {
    const latest = state.secrets.get(name)?.latest
    return value !== KEPT && latest !== undefined && latest.value === undefined
  })
  if (unread.length === 0) return
  const names = unread.map(([name]) => name)
  write(`This login may not read the values of ${ids(names)}; they stay as they are.
To store the given values as new versions: --update-secrets\n`)
}
