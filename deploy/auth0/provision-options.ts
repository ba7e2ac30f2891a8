import { parseArgs } from 'node:util'
import { isLoopback } from '../../shared/config.ts'
import type { RedirectUriPolicy } from '../../shared/redirect-uris.ts'

/** What the command line asks for. */
export interface ProvisionOptions {
  readonly apply: boolean
  readonly prune: boolean
  readonly cimd: string | undefined
  /** A redirect URI; the stable one of ChatGPT, with `isDefaultUri`, when none was given. */
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
  readonly help: boolean
}

/** The command line was not understood; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Where ChatGPT sends people back to in every tenant with `iss` in authorization responses. */
export const STABLE_REDIRECT_URI = 'https://chatgpt.com/connector_platform_oauth_redirect'

/** The text of `--help`. */
export const USAGE = `Usage: npm run provision [-- OPTIONS]

Compares the Auth0 tenant with the state that this system needs, and shows what would change.

  --apply                   carry the plan out
  --prune                   also remove scopes that no tool of the catalogue needs
  --strict, --permissive    set the security mode of dynamic client registration;
                            without either it stays as it is
  --iss                     turn on iss in authorization responses (RFC 9207)
  --predefined [URI]        make a first-party client to enter in ChatGPT, with this redirect
                            URI; with iss the default is
                            ${STABLE_REDIRECT_URI}
  --cimd URL                import the client whose metadata document is at URL
  --token-lifetime SECONDS  lifetime of access tokens; a new API gets 3600 (1 hour) without it,
                            an existing one keeps its own
  --role NAME               name of the role with all permissions of the tools
                            (default: "Tools at " and the host of PUBLIC_URL)
  --default-role            show the Action that gives that role to every new user
  --organization ID         let third-party clients sign in the members of an organization
  --export [FILE]           write the state as YAML for auth0-deploy-cli
  --json                    for machines
  --help                    show this text

Exit code: 0 done or nothing to do, 1 something failed or is blocked, 2 wrong usage.
`

const MAX_TOKEN_LIFETIME_SECONDS = 2_592_000
const MAX_CIMD_URL_CHARACTERS = 120

/** @throws UsageError */
export function parseProvisionOptions(args: readonly string[]): ProvisionOptions {
  const { values, positionals } = parse(args)
  const [file, ...rest] = positionals
  if (rest.length > 0 || (file !== undefined && values.export !== true)) {
    throw new UsageError(`Not understood: ${(values.export ? rest : positionals).join(' ')}`)
  }
  if (values.export && (values.apply || values.json)) {
    throw new UsageError('--export goes with neither --apply nor --json')
  }
  if (values.strict && values.permissive) {
    throw new UsageError('--strict and --permissive exclude each other')
  }
  const { predefined, role } = values
  if (role?.trim() === '') throw new UsageError('--role requires a name')
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
    exportTo: values.export ? { file } : undefined,
    json: values.json,
    help: values.help,
  }
}

/** @throws UsageError for a redirect URI that no client of this deployment may have. */
export function checkRedirectUri(uri: string | undefined, mayRedirectTo: RedirectUriPolicy): void {
  if (uri !== undefined && !mayRedirectTo([uri])) {
    throw new UsageError('--predefined takes a redirect URI that CLIENT_REDIRECT_URIS covers')
  }
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const value = { type: 'string' } as const
  const options = {
    ...{ apply: flag, prune: flag, export: flag, json: flag, help: flag },
    ...{ strict: flag, permissive: flag, iss: flag, 'default-role': flag },
    ...{ cimd: value, predefined: value, role: value, organization: value },
    'token-lifetime': value,
  }
  try {
    return parseArgs({ args: withOptionalValues(args), options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `--export=FILE` as `--export FILE`, and `--predefined` alone as `--predefined=`: for parseArgs an option either has a value or has none. */
function withOptionalValues(args: readonly string[]): string[] {
  const name = '--export='
  return args.flatMap((arg, index) => {
    if (arg.startsWith(name)) return ['--export', arg.slice(name.length)]
    const next = args[index + 1]
    const isAlone = arg === '--predefined' && (next === undefined || next.startsWith('-'))
    return [isAlone ? '--predefined=' : arg]
  })
}

function cimdUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (!isHttpsUrl(value) || value.length > MAX_CIMD_URL_CHARACTERS) {
    const limit = `of at most ${MAX_CIMD_URL_CHARACTERS} characters`
    throw new UsageError(`--cimd takes the https URL ${limit} of a Client ID Metadata Document`)
  }
  return value
}

function seconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d+$/.test(value) ? Number(value) : 0
  if (number < 1 || number > MAX_TOKEN_LIFETIME_SECONDS) {
    throw new UsageError(
      `--token-lifetime takes seconds, from 1 to ${MAX_TOKEN_LIFETIME_SECONDS} (30 days)`,
    )
  }
  return number
}

function organizationId(value: string | undefined): string | undefined {
  if (value !== undefined && !/^org_\w+$/.test(value)) {
    throw new UsageError('--organization takes the id of an organization, which starts with org_')
  }
  return value
}

function isHttpsUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
