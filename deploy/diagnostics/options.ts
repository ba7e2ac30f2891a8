import { type Environment, isLoopback } from '../../shared/config.ts'
import { ENV_FILE_OPTION } from '../env-file.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs, Values } from '../kit/options.ts'

/** The arguments of `npm run doctor`. */
export interface DoctorArguments {
  /** The deployment's origin, without trailing slash. */
  readonly origin: string
  readonly functionUrls: readonly string[]
  /** `-` = read the token from standard input. */
  readonly token: string | undefined
  readonly plan: SubscriptionPlan | undefined
  /** Id of an organization to examine in addition to OAUTH_ORGANIZATION. */
  readonly organization: string | undefined
  /** Also list the checks that found nothing. */
  readonly isVerbose: boolean
  readonly json: boolean
  /** Set = check for OpenAI's review instead; without `url` offline. */
  readonly submission:
    | { readonly url: string | undefined; readonly files: readonly string[] }
    | undefined
}

/** Auth0's subscription plans. */
export type SubscriptionPlan = keyof typeof APPLICATIONS_OF_PLAN

/** How many applications an Auth0 plan allows. */
export const APPLICATIONS_OF_PLAN = { free: 10, 'self-service': 100, enterprise: 100_000 } as const

/** The options of `npm run doctor`. */
export const DOCTOR_OPTIONS = {
  token: {
    type: 'string',
    value: 'TOKEN',
    text: 'explain why this access token is rejected; - reads it from standard input, to keep it out of your shell history',
  },
  'function-url': {
    type: 'list',
    value: 'URL',
    text: "a function's own URL, to check whether it can be reached directly (repeatable)",
  },
  plan: {
    type: 'string',
    value: 'PLAN',
    choices: ['free', 'self-service', 'enterprise'],
    text: "the tenant's Auth0 plan, which limits the number of applications",
  },
  organization: {
    type: 'string',
    value: 'ID',
    text: 'an organization to check in addition to OAUTH_ORGANIZATION',
  },
  submission: {
    type: 'boolean',
    text: "check instead whether OpenAI's review and Scan Tools will accept the app: the catalogue of TOOLS_FILE or TOOLS, offline; with a URL the deployment too (--token to list its tools)",
  },
  'submission-file': {
    type: 'list',
    value: 'FILE',
    text: "the answers for OpenAI's portal; default submission.yaml next to the catalogue (repeatable)",
  },
  verbose: { type: 'boolean', text: 'also list the checks that found nothing' },
  ...ENV_FILE_OPTION,
} as const satisfies OptionSpecs

const ENDPOINT = /^\/(mcp\/?)?$/

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toArguments(
  { values, positionals }: CommandLine<typeof DOCTOR_OPTIONS & { readonly json: Flag }>,
  env: Environment,
): DoctorArguments {
  const [url = `http://localhost:${env['PORT'] || '8080'}`] = positionals
  if (values.token === '')
    throw new UsageError('--token requires a token, or - for standard input.')
  return {
    submission: submissionOf(values, positionals[0]),
    origin: originOf(url),
    functionUrls: values['function-url'].map(functionUrl),
    token: values.token,
    plan: values.plan,
    organization: values.organization,
    isVerbose: values.verbose,
    json: values.json,
  }
}

function submissionOf(
  values: Values<typeof DOCTOR_OPTIONS>,
  url: string | undefined,
): DoctorArguments['submission'] {
  const files = values['submission-file']
  if (!values.submission) {
    if (files.length > 0) throw new UsageError('--submission-file requires --submission.')
    return undefined
  }
  const others = (['plan', 'organization', 'function-url'] as const).filter(
    (name) => values[name] !== undefined && values[name].length > 0,
  )
  if (others.length > 0)
    throw new UsageError(`--submission cannot be combined with --${others[0]}.`)
  if (url === undefined && values.token !== undefined) {
    throw new UsageError('--submission requires a URL when --token is given.')
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
    throw new UsageError('The MCP endpoint is at /mcp: pass the origin, or that URL.')
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
