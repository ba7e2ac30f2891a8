import * as z from 'zod/mini'
import { variables } from '../config/variables.ts'
import {
  ConfigError,
  collectFaults,
  type Environment,
  namesOf,
  parseEnvironment,
} from '../config.ts'
import { defaultAudience } from '../oauth/protected-resource.ts'
import type { ClientPreset } from './client-presets.ts'
import { createRedirectUriPolicy, type RedirectUriPolicy } from './redirect-uris.ts'

/** The default of CLIENT_REDIRECT_URIS. */
export const DEFAULT_REDIRECT_URIS: readonly ClientPreset[] = ['chatgpt']

const RULES = {
  PUBLIC_URL: z.optional(variables.PUBLIC_URL),
  OAUTH_AUDIENCE: variables.OAUTH_AUDIENCE,
  CLIENT_REDIRECT_URIS: variables.CLIENT_REDIRECT_URIS,
}
const MANAGEMENT = {
  MGMT_DOMAIN: variables.MGMT_DOMAIN,
  MGMT_CLIENT_ID: variables.MGMT_CLIENT_ID,
  MGMT_CLIENT_SECRET: variables.MGMT_CLIENT_SECRET,
  GOOGLE_CONNECTION_NAME: variables.GOOGLE_CONNECTION_NAME,
  THIRD_PARTY_ACCESS: variables.THIRD_PARTY_ACCESS,
}

/** The variables that `parseAdmissionConfig` reads. */
export const ADMISSION_VARIABLES = namesOf({ ...RULES, ...MANAGEMENT })

/**
 * Parses the variables that every function that admits clients needs: the API, the redirect URI policy,
 * and the tenant with its login connections.
 *
 * @throws ConfigError with every fault at once.
 */
export function parseAdmissionConfig(env: Environment) {
  const [rules, management] = collectFaults([
    () => {
      const given = parseEnvironment(RULES, env)
      return { ...given, ...admissionRules(given) }
    },
    () => parseEnvironment(MANAGEMENT, env),
  ])
  return { ...rules, ...management }
}

/**
 * Returns the audience and the redirect URI policy that these variables configure.
 *
 * @throws ConfigError
 */
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
  throw new ConfigError([
    'OAUTH_AUDIENCE is required (or PUBLIC_URL, which its default is derived from)',
  ])
}
