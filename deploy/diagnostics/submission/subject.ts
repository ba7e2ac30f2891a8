import type { ResourceEntry } from '../../../shared/catalogue/resources/resource.ts'
import type { ServerSection } from '../../../shared/catalogue/server.ts'
import type { SkillEntry } from '../../../shared/catalogue/skills/skill.ts'
import type { Environment } from '../../../shared/config.ts'
import { asObject } from '../../../shared/json.ts'
import type { ToolDefinition } from '../../../shared/tools.ts'
import type { Check } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { Deployment } from './observe.ts'
import type { Submission } from './submission-file.ts'

/** Everything that the checks of a submission read. */
export interface Subject {
  readonly tools: readonly ToolDefinition[]
  readonly server: ServerSection
  readonly resources: readonly ResourceEntry[]
  readonly skills: readonly SkillEntry[]
  /** Ignored members of the catalogue, one line each. */
  readonly warnings: readonly string[]
  /** Undefined = there is no submission file. */
  readonly submission: Submission | undefined
  /** The path of the submission file, which may not exist. */
  readonly submissionFile: string
  /** Variables of the deployment that are set for this command. */
  readonly env: Environment
  /** Undefined = no URL was given. */
  readonly deployment: Deployment | undefined
}

export type SubmissionCheck = Check<Subject>

/** A resource that is the UI of at least one tool. */
export type UiResource = ResourceEntry

/** The UI that a tool names; undefined for a tool without one. */
export function uiOf({ _meta }: Pick<ToolDefinition, '_meta'>): string | undefined {
  const uri = asObject(_meta?.['ui'])?.['resourceUri'] ?? _meta?.['openai/outputTemplate']
  return typeof uri === 'string' ? uri : undefined
}

/** The resources that tools have as their UI, each once. */
export function uiResources({ tools, resources }: Subject): readonly UiResource[] {
  const named = new Set(tools.map(uiOf))
  return resources.filter(({ uri }) => named.has(uri))
}

/** The HTML of a UI; undefined when a backend serves it. */
export function htmlOf({ source }: UiResource): string | undefined {
  return 'content' in source && 'text' in source.content ? source.content.text : undefined
}

/** The faults of each tool, in order. */
export function ofTools(
  run: (tool: ToolDefinition, subject: Subject) => readonly Observed[],
): SubmissionCheck['run'] {
  return (subject) => subject.tools.flatMap((tool) => run(tool, subject))
}

export function toolPlace({ name }: Pick<ToolDefinition, 'name'>): string {
  return `tool ${name}`
}
