import type { ToolEntry } from './entry.ts'
import { readToolMeta } from './resources/ui-meta.ts'
import { fileParamFaults } from './review/file-params.ts'
import { isProfileTool, PROFILE_SCHEMA, profileFaults } from './review/profile.ts'

/** What became of the members of a tool that apps of ChatGPT and other hosts read. */
export interface ReadAppMembers {
  readonly entry: ToolEntry
  /** The resource that is the tool's UI. */
  readonly uiResource: string | undefined
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Checks and completes these members: the names of the UI, files, profile. A profile tool gets the one
 * schema of profiles; what OpenAI's review alone would reject is a warning.
 */
export function readAppMembers(entry: ToolEntry): ReadAppMembers {
  const { meta, uiResource, faults, warnings } = readToolMeta(entry._meta)
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
    warnings: [...warnings, ...fileParamFaults(entry)],
  }
}
