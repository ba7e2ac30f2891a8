import * as z from 'zod/mini'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { parseEnvironment, variables } from '../../shared/config.ts'
import type { CommandIo, Running } from '../kit/command.ts'
import { UsageError } from '../kit/errors.ts'
import { watchGrantedScopes } from '../auth0/granted-scopes.ts'
import type { DoctorArguments } from './options.ts'
import { mergeResults, NO_RESULTS, type Results } from './check.ts'
import { examineInside, failInside, skipInside } from '../auth0/doctor/inside/inside.ts'
import { insideConfig } from './observe/tenant-config.ts'
import { observeInside } from './observe/tenant.ts'
import { type Outside, observeOutside } from './observe/deployment.ts'
import { examineOutside } from './examine.ts'
import { createProbe, type Probe } from './probe.ts'
import { toJson, toText } from './report.ts'
import { examineSubmission } from './submission/examine.ts'
import { examineToken } from '../auth0/doctor/token/token.ts'

/** What a run of `npm run doctor` may get besides what every command gets. */
export interface DoctorIo extends CommandIo {
  readonly fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<unknown>
}

const CALLS = { attemptTimeoutMs: 10_000, callTimeoutMs: 30_000, maxAttempts: 3 }

/**
 * One run of `npm run doctor`; returns the exit code: 0 = healthy, 1 = something is broken.
 *
 * @throws UsageError when there is no token on standard input.
 */
export async function runDoctor(asked: DoctorArguments, io: Running<DoctorIo>): Promise<0 | 1> {
  const { place, results } = await examine(asked, io)
  io.write(asked.json ? toJson(place, results) : toText(place, results, asked, io.style))
  return results.findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

interface Examined {
  /** What was examined: a URL, or a catalogue. */
  readonly place: string
  readonly results: Results
}

async function examine(asked: DoctorArguments, io: Running<DoctorIo>): Promise<Examined> {
  const { origin, functionUrls, submission } = asked
  const token = asked.token === '-' ? await io.readInput?.() : asked.token
  if (asked.token !== undefined && !token?.trim()) {
    throw new UsageError('There is no token on standard input.')
  }
  const probe = createProbe(io)
  if (submission !== undefined) {
    const { url, files } = submission
    return examineSubmission({ env: io.env, probe, origin: url, token, files })
  }
  const outside = await observeOutside({ ...io, origin, functionUrls, probe })
  const results = mergeResults([
    examineOutside(outside),
    await examineTenant(asked, outside, probe, io),
    token === undefined ? NO_RESULTS : await examineGivenToken(token, outside, io),
  ])
  return { place: origin, results }
}

async function examineTenant(
  { plan, organization }: DoctorArguments,
  outside: Outside,
  probe: Probe,
  { env, fetch, doing }: Running<DoctorIo>,
): Promise<Results> {
  const config = insideConfig(env, outside, organization)
  if ('reason' in config) return skipInside(config)
  doing('Reading the tenant')
  const watched = watchGrantedScopes(fetch)
  const credentials = credentialsIn(config.provision)
  const management = await createManagement(credentials, { ...CALLS, fetch: watched.fetch })()
  const { grantedScopes } = watched
  const { origin, isCurated } = outside
  const given = { config, management, grantedScopes, plan, isCurated }
  const seen = await observeInside({ probe, origin, ...given })
  return 'failure' in seen ? failInside(seen.failure) : examineInside(seen, outside)
}

/** By the variables where they are set, as the gateway would; else by what the deployment tells. */
function examineGivenToken(
  token: string,
  { metadata, issuer, tools }: Outside,
  { env, now = Date.now }: DoctorIo,
): Promise<Results> {
  const { OAUTH_ISSUER, OAUTH_AUDIENCE, OAUTH_ORGANIZATION, SCOPE_SOURCE } = parseEnvironment(
    {
      OAUTH_ISSUER: z.catch(z.optional(variables.OAUTH_ISSUER), undefined),
      OAUTH_AUDIENCE: z.catch(variables.OAUTH_AUDIENCE, undefined),
      OAUTH_ORGANIZATION: z.catch(variables.OAUTH_ORGANIZATION, undefined),
      SCOPE_SOURCE: z.catch(variables.SCOPE_SOURCE, 'scope'),
    },
    env,
  )
  const resource = metadata?.['resource']
  const published = issuer?.metadata?.['issuer']
  return examineToken(token, {
    issuer: OAUTH_ISSUER ?? (typeof published === 'string' ? published : issuer?.url),
    audience: OAUTH_AUDIENCE ?? (typeof resource === 'string' ? resource : undefined),
    scopeSource: SCOPE_SOURCE,
    organizations: OAUTH_ORGANIZATION,
    seenIssuer: issuer,
    tools,
    now: Math.floor(now() / 1000),
  })
}
