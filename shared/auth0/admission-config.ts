import * as z from 'zod/mini'
import { ConfigError, collectFaults, type Environment, parseEnvironment } from '../config.ts'
import { variables } from '../config/variables.ts'
import { defaultAudience } from '../oauth/protected-resource.ts'
import type { ClientPreset } from './client-presets.ts'
import { createRedirectUriPolicy, type RedirectUriPolicy } from './redirect-uris.ts'

/** What CLIENT_REDIRECT_URIS is when it is not set. */
export const DEFAULT_REDIRECT_URIS: readonly ClientPreset[] = ['chatgpt']

/**
 * Who may be admitted, where, and to what: the variables that every function which admits clients
 * needs.
 *
 * @throws ConfigError with every fault at once.
 */
export function parseAdmissionConfig(env: Environment) {
  const { OAUTH_AUDIENCE, CLIENT_REDIRECT_URIS, GOOGLE_CONNECTION_NAME } = variables
  const { MGMT_DOMAIN, MGMT_CLIENT_ID, MGMT_CLIENT_SECRET, THIRD_PARTY_ACCESS } = variables
  const PUBLIC_URL = z.optional(variables.PUBLIC_URL)
  const [rules, management] = collectFaults([
    () => {
      const given = parseEnvironment({ PUBLIC_URL, OAUTH_AUDIENCE, CLIENT_REDIRECT_URIS }, env)
      return { ...given, ...admissionRules(given) }
    },
    () =>
      parseEnvironment(
        {
          MGMT_DOMAIN,
          MGMT_CLIENT_ID,
          MGMT_CLIENT_SECRET,
          GOOGLE_CONNECTION_NAME,
          THIRD_PARTY_ACCESS,
        },
        env,
      ),
  ])
  return { ...rules, ...management }
}

/** The two things that an admission is measured by, from the variables that they come from. */
export function admissionRules(values: {
  readonly OAUTH_AUDIENCE?: string | undefined
  readonly PUBLIC_URL?: string | undefined
  readonly CLIENT_REDIRECT_URIS?: readonly string[] | undefined
}): { readonly audience: string; readonly mayRedirectTo: RedirectUriPolicy } {
  const patterns = values.CLIENT_REDIRECT_URIS ?? DEFAULT_REDIRECT_URIS
  const [audience, mayRedirectTo] = collectFaults([
    () => audienceOf(values),
    () => createRedirectUriPolicy(patterns),
  ])
  return { audience, mayRedirectTo }
}

function audienceOf(values: {
  readonly OAUTH_AUDIENCE?: string | undefined
  readonly PUBLIC_URL?: string | undefined
}): string {
  if (values.OAUTH_AUDIENCE !== undefined) return values.OAUTH_AUDIENCE
  if (values.PUBLIC_URL !== undefined) return defaultAudience(values.PUBLIC_URL)
  throw new ConfigError(['OAUTH_AUDIENCE is required (or PUBLIC_URL, to which it belongs)'])
}
