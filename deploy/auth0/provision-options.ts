import type { RedirectUriPolicy } from '../../shared/auth0/redirect-uris.ts'
import { isLoopback } from '../../shared/config.ts'
import { ENV_FILE_OPTION } from '../env-file.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../kit/options.ts'

/** The parsed command line. */
export interface ProvisionOptions {
  readonly apply: boolean
  readonly prune: boolean
  readonly cimd: string | undefined
  /** A redirect URI; ChatGPT's stable one, with `isDefaultUri`, if none was given. */
  readonly predefined: string | undefined
  readonly isDefaultUri: boolean
  readonly mode: 'strict' | 'permissive' | undefined
  readonly iss: boolean
  /** Seconds. */
  readonly tokenLifetime: number | undefined
  readonly role: string | undefined
  readonly defaultRole: boolean
  readonly organization: string | undefined
  /** A file, or standard output; undefined = no export. */
  readonly exportTo: { readonly file: string | undefined } | undefined
  readonly json: boolean
}

/** ChatGPT's redirect URI in every tenant with `iss` in authorization responses. */
export const STABLE_REDIRECT_URI = 'https://chatgpt.com/connector_platform_oauth_redirect'

/** The options of `npm run provision`. */
export const PROVISION_OPTIONS = {
  apply: { type: 'boolean', text: 'apply the plan' },
  prune: { type: 'boolean', text: 'also remove scopes that no tool of the catalogue requires' },
  strict: {
    type: 'boolean',
    text: 'set the security mode of dynamic client registration to strict; without --strict or --permissive it is not changed',
  },
  permissive: { type: 'boolean', text: 'set that mode to permissive' },
  iss: { type: 'boolean', text: 'turn on iss in authorization responses (RFC 9207)' },
  predefined: {
    type: 'optional',
    value: 'URI',
    text: `create a first-party client to enter in ChatGPT, with this redirect URI; with iss the default is ${STABLE_REDIRECT_URI}`,
  },
  cimd: {
    type: 'string',
    value: 'URL',
    text: 'import the client with the metadata document at this URL',
  },
  'token-lifetime': {
    type: 'string',
    value: 'SECONDS',
    text: 'lifetime of access tokens; default 3600 (1 hour) for a new API, unchanged for an existing one',
  },
  role: {
    type: 'string',
    value: 'NAME',
    text: 'name of the role with all permissions of the tools; default "Tools at " and the host of PUBLIC_URL',
  },
  'default-role': {
    type: 'boolean',
    text: 'show the Action that assigns that role to every new user',
  },
  organization: {
    type: 'string',
    value: 'ID',
    text: 'let members of an organization sign in through third-party clients',
  },
  export: {
    type: 'optional',
    value: 'FILE',
    text: 'write the state as YAML for auth0-deploy-cli, by default to standard output',
  },
  ...ENV_FILE_OPTION,
} as const satisfies OptionSpecs

const MAX_TOKEN_LIFETIME_SECONDS = 2_592_000
const MAX_CIMD_URL_CHARACTERS = 120

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toProvisionOptions({
  values,
}: CommandLine<typeof PROVISION_OPTIONS & { readonly json: Flag }>): ProvisionOptions {
  const isExport = values.export !== undefined
  if (isExport && (values.apply || values.json)) {
    throw new UsageError('--export cannot be combined with --apply or --json.')
  }
  if (values.strict && values.permissive) {
    throw new UsageError('--strict and --permissive cannot be combined.')
  }
  const { predefined, role } = values
  if (role?.trim() === '') throw new UsageError('--role requires a name.')
  return {
    apply: values.apply,
    prune: values.prune,
    cimd: cimdUrl(values.cimd),
    predefined: predefined === '' ? STABLE_REDIRECT_URI : predefined,
    isDefaultUri: predefined === '',
    mode: values.strict ? 'strict' : values.permissive ? 'permissive' : undefined,
    iss: values.iss,
    tokenLifetime: seconds(values['token-lifetime']),
    role,
    defaultRole: values['default-role'],
    organization: organizationId(values.organization),
    exportTo: isExport ? { file: values.export || undefined } : undefined,
    json: values.json,
  }
}

/** @throws UsageError for a redirect URI that CLIENT_REDIRECT_URIS does not match. */
export function checkRedirectUri(uri: string | undefined, mayRedirectTo: RedirectUriPolicy): void {
  if (uri !== undefined && !mayRedirectTo([uri])) {
    throw new UsageError('--predefined requires a redirect URI that CLIENT_REDIRECT_URIS matches.')
  }
}

function cimdUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (!isHttpsUrl(value) || value.length > MAX_CIMD_URL_CHARACTERS) {
    const limit = `of at most ${MAX_CIMD_URL_CHARACTERS} characters`
    throw new UsageError(`--cimd requires the https URL ${limit} of a Client ID Metadata Document.`)
  }
  return value
}

function seconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d+$/.test(value) ? Number(value) : 0
  if (number < 1 || number > MAX_TOKEN_LIFETIME_SECONDS) {
    throw new UsageError(
      `--token-lifetime requires a number of seconds from 1 to ${MAX_TOKEN_LIFETIME_SECONDS} (30 days).`,
    )
  }
  return number
}

function organizationId(value: string | undefined): string | undefined {
  if (value !== undefined && !/^org_\w+$/.test(value)) {
    throw new UsageError(
      '--organization requires the id of an organization, which starts with org_.',
    )
  }
  return value
}

function isHttpsUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
