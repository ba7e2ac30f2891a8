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
import { mergeResults, type Results, runChecks, skipAll } from '../check.ts'
import type { Observed, PlainFaultId } from '../faults/faults.ts'
import type { Probe } from '../probe.ts'
import { DEPLOYED_CHECKS } from './deployed.ts'
import { DOMAIN_CHECKS, isParentHost } from './domain.ts'
import { HINT_CHECKS } from './hints.ts'
import { LINK_CHECKS, LOCAL_URL_CHECKS } from './links.ts'
import { MATERIAL_CHECKS } from './materials.ts'
import { type Deployment, deployedCatalogue, readDeployment } from './observe.ts'
import { SCHEMA_CHECKS } from './schemas.ts'
import { SKILL_CHECKS } from './skills.ts'
import type { Subject, SubmissionCheck } from './subject.ts'
import { type ReadSubmission, readSubmission } from './submission-file.ts'
import { TEXT_CHECKS } from './texts.ts'
import { UI_CHECKS } from './ui.ts'

/** What `--submission` examines. */
export interface SubmissionRequest {
  readonly env: Environment
  readonly probe: Probe
  /** Without trailing slash; undefined = only the catalogue, offline. */
  readonly origin: string | undefined
  readonly token: string | undefined
  /** The paths from the command line; empty = use `submission.yaml` next to the catalogue, if it exists. */
  readonly files: readonly string[]
}

/** Every rule of OpenAI's review and Scan Tools that can be checked before the submission. */
const SUBMISSION_CHECKS: readonly SubmissionCheck[] = [
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
const CATALOGUE = { name: 'catalogue', title: 'The gateway accepts the catalogue' }
/** Faults of a catalogue that a rule of OpenAI's review is about, by the words of their message. */
const FAULT_OF_MESSAGE: readonly (readonly [words: RegExp, id: PlainFaultId])[] = [
  [/: name must be 1 to 128/, 'tool_name_unsupported'],
  [/profile tool|answeredBy/, 'profile_tool_invalid'],
  [/: skills[ .]/, 'skill_invalid'],
  [
    /_meta\.ui|: _meta:|a ui:\/\/ resource must be|must be ui:\/\/|must be HTML/,
    'ui_resource_unreadable',
  ],
  [/contains no tools$/, 'tool_required'],
]

/**
 * Examines the catalogue, the submission file and, with a URL, the deployment. The rules apply to the
 * catalogue of the variables if there is one, otherwise to what the deployment lists.
 *
 * @returns `place` is the URL, or where the catalogue is.
 * @throws UsageError without a catalogue and without a URL.
 */
export async function examineSubmission(
  request: SubmissionRequest,
): Promise<{ readonly place: string; readonly results: Results }> {
  const { env, origin, probe, token } = request
  if (origin === undefined && !hasCatalogue(env)) {
    throw new UsageError(
      '--submission requires a catalogue: set TOOLS_FILE or TOOLS, or pass a URL.',
    )
  }
  const submissionFile = request.files.at(-1) ?? besideCatalogue(env)
  const read = readSubmission(filesOf(request.files, submissionFile))
  const submission = 'faults' in read ? undefined : read.submission
  const base = submission?.challengeBaseUrl
  const deployment =
    origin === undefined
      ? undefined
      : await readDeployment(probe, origin, token, baseOf(base, origin))
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
    const empty = { tools: [], server: {}, resources: [], skills: [], warnings: [] }
    const own = [...DOMAIN_CHECKS, ...DEPLOYED_CHECKS]
    const others = SUBMISSION_CHECKS.filter((check) => !own.includes(check))
    return mergeResults([
      runChecks('submission', own, { ...subject, ...empty }),
      skipAll('submission', others, catalogue.absent),
    ])
  }
  if ('faults' in catalogue) {
    const found = catalogue.faults.map(catalogueFault)
    return mergeResults([
      runChecks('submission', [{ ...CATALOGUE, run: () => found }], undefined),
      skipAll('submission', SUBMISSION_CHECKS, 'the gateway rejects the catalogue'),
    ])
  }
  const { tools, server = {}, resources, skills, warnings } = catalogue
  const whole = { ...subject, tools: [...tools.values()], server, resources, skills, warnings }
  const accepted = { ...CATALOGUE, run: () => [] }
  return runChecks('submission', [accepted, ...SUBMISSION_CHECKS], whole)
}

/** A fault of a catalogue with which the gateway does not start. */
function catalogueFault(seen: string): Observed {
  const [, id = 'catalogue_invalid'] = FAULT_OF_MESSAGE.find(([words]) => words.test(seen)) ?? []
  const [, kind, name] = /: (tool|resource) ("(?:[^"\\]|\\.)*")/.exec(seen) ?? []
  const where = kind === undefined ? 'the catalogue' : `${kind} ${JSON.parse(name ?? '""')}`
  return { id, severity: 'error', seen, where }
}

function fileResults(read: ReadSubmission, where: string): Results {
  const faults = 'faults' in read ? read.faults : []
  const found = faults.map((seen): Observed => ({ id: 'submission_file_invalid', seen, where }))
  const check = { name: 'submission-file', title: 'The submission file can be read' }
  return runChecks('submission', [{ ...check, run: () => found }], undefined)
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
    throw new UsageError('TOOLS_FILE has only names and scopes: pass the catalogue itself.')
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

/** Requests go only to a host that the portal would read. */
function baseOf(base: string | undefined, origin: string): string | undefined {
  if (base === undefined || !isParentHost(base, new URL(origin))) return undefined
  return new URL(base).origin
}
