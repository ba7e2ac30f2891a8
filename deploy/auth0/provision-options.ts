import { parseArgs } from 'node:util'
import { isLoopback } from '../../shared/config.ts'
import type { RedirectUriPolicy } from '../../shared/redirect-uris.ts'

/** What the command line asks for. */
export interface ProvisionOptions {
  readonly apply: boolean
  readonly prune: boolean
  readonly cimd: string | undefined
  readonly predefined: string | undefined
  /** A file, or standard output; undefined = no export. */
  readonly exportTo: { readonly file: string | undefined } | undefined
  readonly json: boolean
  readonly help: boolean
}

/** The command line was not understood; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `npm run provision [-- OPTIONS]

Compares the Auth0 tenant with the state that this system needs, and shows what would change.

  --apply                   carry the plan out
  --prune                   also remove scopes that no tool of the catalogue needs
  --cimd URL                import the client whose metadata document is at URL
  --predefined REDIRECT_URI make a first-party client to enter in ChatGPT
  --export [FILE]           write the state as YAML for auth0-deploy-cli
  --json                    for machines

Exit code: 0 done or nothing to do, 1 failed or blocked, 2 wrong usage.
`

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
  if (values.cimd !== undefined && !isHttpsUrl(values.cimd)) {
    throw new UsageError('--cimd takes the https URL of a Client ID Metadata Document')
  }
  return {
    apply: values.apply,
    prune: values.prune,
    cimd: values.cimd,
    predefined: values.predefined,
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
    ...{ cimd: value, predefined: value },
  }
  try {
    return parseArgs({ args: args.flatMap(splitFile), options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `--export=FILE` as `--export FILE`: an option whose value may be left out is none to parseArgs. */
function splitFile(arg: string): string[] {
  const name = '--export='
  return arg.startsWith(name) ? ['--export', arg.slice(name.length)] : [arg]
}

function isHttpsUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
