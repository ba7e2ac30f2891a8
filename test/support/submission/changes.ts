import { doctorReport } from '../auth0/doctor.ts'
import { catalogueFolder } from '../catalogue-folder.ts'
import {
  acceptedCatalogue,
  acceptedSubmission,
  type SampleCatalogue,
  type SampleSubmission,
  SKILL,
  SUBMISSION_ENV,
  UI,
} from './accepted.ts'

/** The files and variables of an app for its submission. */
interface Written {
  readonly catalogue: SampleCatalogue
  readonly submission: SampleSubmission
  readonly env: Record<string, string>
  readonly files: Record<string, string>
}
/** One change of the accepted app. */
export type Change = (written: Written) => unknown

/** Runs `doctor --submission` for the accepted app with one change. */
export async function examined(change: Change = () => undefined, args: readonly string[] = []) {
  const written: Written = {
    catalogue: acceptedCatalogue(),
    submission: acceptedSubmission(),
    env: { ...SUBMISSION_ENV },
    files: { 'skills/find-events/SKILL.md': SKILL },
  }
  change(written)
  using folder = catalogueFolder(written.catalogue, {
    'submission.yaml': JSON.stringify(written.submission),
    ...written.files,
  })
  const options = { env: { ...written.env, TOOLS_FILE: folder.file }, fetch: noFetch }
  return await doctorReport(['--submission', ...args], options)
}

/** A `fetch` that rejects every request. */
export const noFetch: typeof fetch = () => Promise.reject(new Error('it must stay offline'))
/** Changes members of a tool. */
export const tool = (name: string, members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.tools[name] ?? {}, members)
}
/** Changes members of `_meta` of a tool. */
export const meta = (name: string, members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.tools[name]?.['_meta'] as object, members)
}
function uiMeta({ catalogue }: Written): { csp: object } {
  const { ui: own } = (catalogue.resources[UI]?.['_meta'] ?? {}) as { ui: { csp: object } }
  return own
}
/** Changes members of `_meta.ui` of the UI. */
export const ui = (members: Record<string, unknown>): Change => {
  return (written) => Object.assign(uiMeta(written), members)
}
/** Changes lists of the Content Security Policy of the UI. */
export const csp = (members: Record<string, unknown>): Change => {
  return (written) => Object.assign(uiMeta(written).csp, members)
}
/** Replaces the document of the UI. */
export const html = (text: string): Change => {
  return ({ catalogue }) => Object.assign(catalogue.resources[UI] ?? {}, { text })
}
/** Changes members of `server` in the catalogue. */
export const server = (members: Record<string, unknown>): Change => {
  return ({ catalogue }) => Object.assign(catalogue.server, members)
}
/** Changes members of the submission file. */
export const submitted = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission, members)
}
/** Changes members of `listing` in the submission file. */
export const listing = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission['listing'] as object, members)
}
/** Changes hints of listEvents. */
export const hints = (members: Record<string, unknown>): Change => {
  return tool('listEvents', {
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false, ...members },
  })
}
/** Changes members of the first positive test. */
export const firstTest = (members: Record<string, unknown>): Change => {
  return ({ submission }) => Object.assign(submission.tests.positive[0] ?? {}, members)
}
/** Replaces the text of the skill. */
export const skill = (text: string): Change => {
  return ({ files }) => Object.assign(files, { 'skills/find-events/SKILL.md': text })
}
/** Renames importEvents. */
export function renamed(name: string): Change {
  return ({ catalogue, submission }) => {
    const { importEvents = {}, ...others } = catalogue.tools
    catalogue.tools = { ...others, [name]: importEvents }
    const { importEvents: reasons = {}, ...rest } = submission.justifications
    submission.justifications = { ...rest, [name]: reasons }
  }
}
