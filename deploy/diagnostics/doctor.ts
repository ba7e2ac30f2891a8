import * as z from 'zod/mini'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { variables } from '../../shared/config/variables.ts'
import { parseEnvironment } from '../../shared/config.ts'
import { watchGrantedScopes } from '../auth0/granted-scopes.ts'
import type { CommandIo, Running } from '../kit/command.ts'
import { UsageError } from '../kit/errors.ts'
import { mergeResults, NO_RESULTS, type Results } from './check.ts'
import { examineToken } from './checks/token.ts'
import { examineDeployment, examineTenant, failTenant, skipTenant } from './examine.ts'
import { type DeploymentObservation, observeDeployment } from './observe/deployment.ts'
import { observeTenant } from './observe/tenant.ts'
import { tenantConfig } from './observe/tenant-config.ts'
import type { DoctorArguments } from './options.ts'
import { createProbe, type Probe } from './probe.ts'
import { toJson, toText } from './report.ts'
import { examineSubmission } from './submission/examine.ts'

/** The dependencies of `npm run doctor`, in addition to those of every command. */
export interface DoctorIo extends CommandIo {
  readonly fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<unknown>
}

const CALLS = { attemptTimeoutMs: 10_000, callTimeoutMs: 30_000, maxAttempts: 3 }

/**
 * Runs `npm run doctor`; returns the exit code: 0 = healthy, 1 = faults found.
 *
 * @throws UsageError if there is no token on standard input.
 */
export async function runDoctor(args: DoctorArguments, io: Running<DoctorIo>): Promise<0 | 1> {
  const { place, results } = await examine(args, io)
  io.write(args.json ? toJson(place, results) : toText(place, results, args, io.style))
  return results.findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

interface Examined {
  /** The examined URL or catalogue. */
  readonly place: string
  readonly results: Results
}

async function examine(args: DoctorArguments, io: Running<DoctorIo>): Promise<Examined> {
  const { origin, functionUrls, submission } = args
  const token = args.token === '-' ? await io.readInput?.() : args.token
  if (args.token !== undefined && !token?.trim()) {
    throw new UsageError('There is no token on standard input.')
  }
  const probe = createProbe(io)
  if (submission !== undefined) {
    const { url, files } = submission
    return examineSubmission({ env: io.env, probe, origin: url, token, files })
  }
  const deployment = await observeDeployment({ ...io, origin, functionUrls, probe })
  const results = mergeResults([
    examineDeployment(deployment),
    await readAndExamineTenant(args, deployment, probe, io),
    token === undefined ? NO_RESULTS : await examineGivenToken(token, deployment, io),
  ])
  return { place: origin, results }
}

async function readAndExamineTenant(
  { plan: subscription, organization }: DoctorArguments,
  deployment: DeploymentObservation,
  probe: Probe,
  { env, fetch, doing }: Running<DoctorIo>,
): Promise<Results> {
  const config = tenantConfig(env, deployment, organization)
  if ('reason' in config) return skipTenant(config)
  doing('Reading the tenant')
  const watched = watchGrantedScopes(fetch)
  const credentials = credentialsIn(config.provision)
  const management = await createManagement(credentials, { ...CALLS, fetch: watched.fetch })()
  const { grantedScopes } = watched
  const { origin, isCurated } = deployment
  const given = { config, management, grantedScopes, subscription, isCurated }
  const observed = await observeTenant({ probe, origin, ...given })
  return 'failure' in observed ? failTenant(observed.failure) : examineTenant(observed, deployment)
}

/** Checks the token against the variables, or against the published metadata if they are not set. */
function examineGivenToken(
  token: string,
  { metadata, issuer, tools }: DeploymentObservation,
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
    observedIssuer: issuer,
    tools,
    now: Math.floor(now() / 1000),
  })
}
