import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publishTool } from '../../../shared/compile-catalogue.ts'
import { ConfigError, type Environment } from '../../../shared/config.ts'
import {
  type CatalogueDocument,
  type CatalogueSource,
  parseDocument,
} from '../../../shared/tools.ts'
import { hasCatalogue } from '../../build/catalogue.ts'
import { UsageError } from '../../kit/errors.ts'
import { type Finding, fault, mergeResults, type Results, runChecks, skipAll } from '../check.ts'
import type { Probe } from '../probe.ts'
import { catalogueFindings } from '../../auth0/doctor/submission/catalogue-faults.ts'
import { DEPLOYED_CHECKS } from './deployed.ts'
import { DOMAIN_CHECKS, isAbove } from './domain.ts'
import { HINT_CHECKS } from './hints.ts'
import { LINK_CHECKS } from './links.ts'
import { LOCAL_URL_CHECKS } from '../../auth0/doctor/submission/check-local-urls.ts'
import { MATERIAL_CHECKS } from './materials.ts'
import { SCHEMA_CHECKS } from './schemas.ts'
import { SKILL_CHECKS } from './skills.ts'
import { TEXT_CHECKS } from './texts.ts'
import { UI_CHECKS } from './ui.ts'
import { deployedCatalogue } from '../../auth0/doctor/submission/deployed-catalogue.ts'
import { type Deployment, observeDeployment } from './observe.ts'
import type { Subject, SubmissionCheck } from './subject.ts'
import { type ReadSubmission, readSubmission } from './submission-file.ts'

/** What `--submission` examines. */
export interface SubmissionRequest {
  readonly env: Environment
  readonly probe: Probe
  /** Without trailing slash; undefined = the catalogue alone, offline. */
  readonly origin: string | undefined
  readonly token: string | undefined
  /** As given; empty = `submission.yaml` beside the catalogue, if it is there. */
  readonly files: readonly string[]
}

/** Every rule of OpenAI's review and Scan Tools that can be checked before the submission. */
export const SUBMISSION_CHECKS: readonly SubmissionCheck[] = [
  ...TEXT_CHECKS,
  ...HINT_CHECKS,
  ...SCHEMA_CHECKS,
  ...UI_CHECKS,
  ...SKILL_CHECKS,
  ...LINK_CHECKS,
  ...LOCAL_URL_CHECKS,
  ...MATERIAL_CHECKS,
  ...DOMAIN_CHECKS,
  ...DEPLOYED_CHECKS,
]

const DEFAULT_FILE = 'submission.yaml'

/**
 * Examines the catalogue, the submission file and, with a URL, the deployment. The rules are put to
 * the catalogue of the variables where there is one, else to what the deployment lists.
 *
 * @returns `place` is the URL, or where the catalogue is.
 * @throws UsageError without a catalogue and without a URL.
 */
export async function examineSubmission(
  request: SubmissionRequest,
): Promise<{ readonly place: string; readonly results: Results }> {
  const { env, origin, probe, token } = request
  if (origin === undefined && !hasCatalogue(env)) {
    throw new UsageError('--submission needs a catalogue: set TOOLS_FILE or TOOLS, or give a URL.')
  }
  const submissionFile = request.files.at(-1) ?? besideCatalogue(env)
  const read = readSubmission(filesOf(request.files, submissionFile))
  const submission = 'faults' in read ? undefined : read.submission
  const base = submission?.challengeBaseUrl
  const deployment =
    origin === undefined
      ? undefined
      : await observeDeployment(probe, origin, token, baseOf(base, origin))
  const catalogue = catalogueOf(env, deployment)
  const subject = { submission, submissionFile, env, deployment }
  return {
    place: origin ?? env['TOOLS_FILE']?.trim() ?? 'TOOLS',
    results: mergeResults([fileResults(read, submissionFile), run(catalogue, subject)]),
  }
}

function run(
  catalogue:
    | CatalogueDocument
    | { readonly faults: readonly string[] }
    | { readonly absent: string },
  subject: Omit<Subject, 'tools' | 'server' | 'resources' | 'skills' | 'warnings'>,
): Results {
  if ('absent' in catalogue) {
    const empty: Subject = {
      ...subject,
      tools: [],
      server: {},
      resources: [],
      skills: [],
      warnings: [],
    }
    const own = [...DOMAIN_CHECKS, ...DEPLOYED_CHECKS]
    const others = SUBMISSION_CHECKS.filter((check) => !own.includes(check))
    return mergeResults([
      runChecks('submission', own, empty),
      skipAll('submission', others, catalogue.absent),
    ])
  }
  if ('faults' in catalogue) {
    const findings = catalogueFindings(catalogue.faults)
    return mergeResults([
      ofFindings('catalogue', 'the gateway takes the catalogue', findings),
      skipAll('submission', SUBMISSION_CHECKS, 'the gateway refuses the catalogue'),
    ])
  }
  const { tools, server = {}, resources, skills, warnings } = catalogue
  const whole: Subject = {
    ...subject,
    tools: [...tools.values()],
    server,
    resources,
    skills,
    warnings,
  }
  return mergeResults([
    ofFindings('catalogue', 'the gateway takes the catalogue', []),
    runChecks('submission', SUBMISSION_CHECKS, whole),
  ])
}

function fileResults(read: ReadSubmission, submissionFile: string): Results {
  const faults = 'faults' in read ? read.faults : []
  return ofFindings(
    'submission-file',
    'the submission file can be read',
    faults.map((seen) =>
      fault({
        id: 'submission_file_invalid',
        seen,
        why: 'The rest of the file is not used',
        fix: 'mend it: docs/tools.md, "Getting through the review"',
        where: submissionFile,
      }),
    ),
  )
}

function ofFindings(name: string, title: string, findings: readonly Finding[]): Results {
  return runChecks('submission', [{ name, title, run: () => findings }], undefined)
}

function catalogueOf(env: Environment, deployment: Deployment | undefined) {
  const { TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON } = env
  if (hasCatalogue(env)) return parsed({ TOOLS, TOOLS_FILE, TOOL_SCOPES_JSON })
  if (deployment === undefined || 'absent' in deployment.tools) {
    return { absent: 'the tools could not be listed' }
  }
  return parsed({ TOOLS: JSON.stringify(deployedCatalogue(deployment)) })
}

function parsed(
  source: CatalogueSource,
): CatalogueDocument | { readonly faults: readonly string[] } {
  try {
    const document = parseDocument(source, publishTool)
    if (document.part === 'whole') return document
    throw new UsageError('TOOLS_FILE has names and scopes alone: give the catalogue itself.')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { faults: error.faults }
  }
}

function besideCatalogue(env: Environment): string {
  const path = env['TOOLS_FILE']?.trim()
  return path ? join(dirname(path), DEFAULT_FILE) : DEFAULT_FILE
}

function filesOf(given: readonly string[], submissionFile: string): readonly string[] {
  return given.length > 0 ? given : [submissionFile].filter((path) => existsSync(path))
}

/** Only a host that the portal would ask is asked here. */
function baseOf(base: string | undefined, origin: string): string | undefined {
  if (base === undefined || !isAbove(base, new URL(origin))) return undefined
  return new URL(base).origin
}
