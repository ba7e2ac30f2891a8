import { parseArgs } from 'node:util'
import { type Environment, isLoopback } from '../../../shared/config.ts'
import { UsageError } from '../provision-options.ts'

/** What the person asked for. */
export interface DoctorArguments {
  /** The deployment's origin, without trailing slash. */
  readonly origin: string
  readonly functionUrls: readonly string[]
  /** `-` = read it from standard input. */
  readonly token: string | undefined
  readonly plan: Plan | undefined
  /** Id of an organization to examine beside those of OAUTH_ORGANIZATION. */
  readonly organization: string | undefined
  readonly json: boolean
  /** Whether OpenAI's review is examined instead; `url` is undefined without a URL: offline. */
  readonly submission:
    | { readonly url: string | undefined; readonly files: readonly string[] }
    | undefined
}

export type Plan = keyof typeof APPLICATIONS_OF_PLAN

/** How many applications an Auth0 plan allows. */
export const APPLICATIONS_OF_PLAN = { free: 10, 'self-service': 100, enterprise: 100_000 } as const

export const USAGE = `Usage: npm run doctor -- [url] [options]

  url                   the deployment, or its MCP endpoint (default http://localhost:8080)
  --token TOKEN         says why this access token is refused; - reads it from standard input,
                        so that it does not stand in the shell's history
  --function-url URL    an address of a function itself, to see whether it can be reached around
                        the front (may be repeated)
  --plan PLAN           the tenant's plan, which limits applications: ${Object.keys(APPLICATIONS_OF_PLAN).join(', ')}
  --organization ID     an organization whose members sign in, beside those of OAUTH_ORGANIZATION
  --submission          says instead whether OpenAI's review and Scan Tools will accept the app:
                        the catalogue of TOOLS_FILE or TOOLS alone and offline, or with a URL
                        the deployment, too (--token to list its tools)
  --submission-file FILE
                        what OpenAI's portal asks for (default submission.yaml beside the
                        catalogue; may be repeated)
  --json                the report for machines
  --help

With MGMT_DOMAIN, MGMT_CLIENT_ID and MGMT_CLIENT_SECRET set, the tenant is examined as well.
Changes nothing. Exits 0 when healthy, 1 when anything is broken, 2 when called wrongly.
`

const ENDPOINT = /^\/(mcp\/?)?$/

/**
 * Undefined = only the usage was asked for.
 *
 * @throws UsageError
 */
export function parseArguments(
  argv: readonly string[],
  env: Environment,
): DoctorArguments | undefined {
  const { values, positionals } = parse(argv)
  if (values.help === true) return undefined
  const [url = `http://localhost:${env['PORT'] || '8080'}`, ...others] = positionals
  if (others.length > 0) throw new UsageError('Give one URL.')
  if (values.token === '') throw new UsageError('--token needs a token, or - for standard input.')
  return {
    submission: submissionOf(values, positionals[0]),
    origin: originOf(url),
    functionUrls: (values['function-url'] ?? []).map(functionUrl),
    token: values.token,
    plan: planOf(values.plan),
    organization: values.organization,
    json: values.json === true,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        token: { type: 'string' },
        'function-url': { type: 'string', multiple: true },
        plan: { type: 'string' },
        organization: { type: 'string' },
        submission: { type: 'boolean' },
        'submission-file': { type: 'string', multiple: true },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    // The rest of these messages may quote what was given, a token among it.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    throw new UsageError(isUnknown ? 'There is no such option.' : 'An option lacks its value.')
  }
}

function submissionOf(
  values: NonNullable<ReturnType<typeof parse>>['values'],
  url: string | undefined,
): DoctorArguments['submission'] {
  const files = values['submission-file'] ?? []
  if (values.submission !== true) {
    if (files.length > 0) throw new UsageError('--submission-file goes with --submission alone.')
    return undefined
  }
  const others = (['plan', 'organization', 'function-url'] as const).filter(
    (name) => values[name] !== undefined,
  )
  if (others.length > 0) throw new UsageError(`--submission does not go with --${others[0]}.`)
  if (url === undefined && values.token !== undefined) {
    throw new UsageError('--submission takes --token with a URL alone.')
  }
  return { url: url === undefined ? undefined : originOf(url), files }
}

function originOf(value: string): string {
  const url = URL.parse(value)
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === null || !isWeb || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(
      'The URL must be like https://mcp.example.com or https://mcp.example.com/mcp.',
    )
  }
  if (!ENDPOINT.test(url.pathname)) {
    throw new UsageError('The MCP endpoint is at /mcp: give the origin, or that URL.')
  }
  return url.origin
}

function functionUrl(value: string): string {
  const url = URL.parse(value)
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url === null || !isSafe) throw new UsageError('--function-url must be an https URL.')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function planOf(value: string | undefined): Plan | undefined {
  if (value === undefined) return undefined
  const plan = (Object.keys(APPLICATIONS_OF_PLAN) as Plan[]).find((name) => name === value)
  if (plan === undefined) {
    throw new UsageError(`--plan must be one of ${Object.keys(APPLICATIONS_OF_PLAN).join(', ')}.`)
  }
  return plan
}
