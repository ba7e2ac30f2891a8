import type { Environment } from '../../../shared/config.ts'
import { resourceName } from '../names.ts'
import type { Options } from '../options.ts'
import type { BuiltTarget } from '../plan/functions.ts'
import type { Settings } from '../settings.ts'
import type { State } from '../state/state.ts'
import { readTargets } from '../targets.ts'
import { createSigningKey, KEEP_STORED } from './given.ts'

const SIGNING_KEY = 'GATEWAY_SIGNING_KEY'

/** The targets with their resolved secrets. */
export interface Resolved {
  readonly targets: BuiltTarget[]
  /** Secrets without a given value, kept from Secret Manager. */
  readonly kept: readonly string[]
  /** Secrets that this run generates. */
  readonly generated: readonly string[]
}

/**
 * Resolves secrets without a given value: keeps the ones in Secret Manager that this command created
 * (with --adopt, any), and generates a signing key on request.
 *
 * @throws ConfigError if a required secret is neither given nor stored.
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
  const isGenerated = signingKey && absent.includes(SIGNING_KEY) && !kept.includes(SIGNING_KEY)
  const generated = isGenerated ? { [SIGNING_KEY]: createSigningKey() } : {}
  const names = targets.map(({ name }) => name)
  const resolved = readTargets(names, { ...env, ...generated }, kept)
  return {
    targets: targets.map((target, index) => ({ ...target, ...resolved[index] })),
    kept: kept.filter((name) => resolved.some((target) => target.secrets[name] === KEEP_STORED)),
    generated: Object.keys(generated),
  }
}

/** Prints which secrets are kept, generated, or unchanged because they cannot be compared. */
export function reportSecrets(
  {
    kept,
    generated,
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
  if (kept.length > 0) write(`Not given, kept from Secret Manager: ${ids(kept)}\n`)
  if (generated.length > 0) write(`Generated: ${ids(generated)}, stored only in Secret Manager\n`)
  if (options.signingKey && generated.length === 0) {
    write(`${ids([SIGNING_KEY])} already exists; --signing-key is ignored\n`)
  }
  if (options.updateSecrets) return
  const values = new Map(targets.flatMap(({ secrets }) => Object.entries(secrets)))
  const unread = [...values].filter(([name, value]) => {
    const latest = state.secrets.get(name)?.latest
    return value !== KEEP_STORED && latest !== undefined && latest.value === undefined
  })
  if (unread.length === 0) return
  const names = unread.map(([name]) => name)
  write(`This login may not read the values of ${ids(names)}; they are not changed.
To store the given values as new versions: --update-secrets\n`)
}
