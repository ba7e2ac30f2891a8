import type { ToolEntry } from './entry.ts'
import { readToolMeta, withoutUi } from './resources/ui-meta.ts'
import { fileParamFaults } from './review/file-params.ts'
import { isProfileTool, PROFILE_SCHEMA, profileFaults } from './review/profile.ts'

/** The result of `readAppMembers`. */
export interface ReadAppMembers {
  readonly entry: ToolEntry
  /** The URI of the resource that is the tool's UI. */
  readonly uiResource: string | undefined
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Checks and completes the members of a tool that ChatGPT apps and other hosts read: UI, file parameters
 * and profile. A profile tool gets the profile schema as its `outputSchema`. A fault that only matters
 * for OpenAI's review is a warning. If the catalogue has no `resources`, links to a UI are removed with a
 * warning.
 */
export function readAppMembers(entry: ToolEntry, hasResources: boolean): ReadAppMembers {
  const linked = hasResources ? { meta: entry._meta, warnings: [] } : withoutUi(entry._meta)
  const { meta, uiResource, faults, warnings } = readToolMeta(linked.meta)
  const isProfile = isProfileTool(entry)
  const ownFaults =
    entry.answeredBy === 'gateway' && !isProfile
      ? ['answeredBy: gateway is for profile tools: _meta: {"openai/profile": true}']
      : profileFaults(entry)
  return {
    entry: {
      ...entry,
      ...(meta !== undefined && { _meta: meta }),
      ...(isProfile && { outputSchema: PROFILE_SCHEMA }),
    },
    uiResource,
    faults: [...faults, ...ownFaults],
    warnings: [...linked.warnings, ...warnings, ...fileParamFaults(entry)],
  }
}
