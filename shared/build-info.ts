import { readFileSync } from 'node:fs'
import { asObject } from './json.ts'

/** The file that a deployment puts beside a function. */
export const BUILD_INFO_FILE = 'build.json'

/** What is deployed. */
export interface BuildInfo {
  readonly version?: string
  /** The commit that was deployed. */
  readonly commit?: string
  /** When it was built (RFC 3339). */
  readonly built?: string
}

/** The file's contents in `directory`; empty where there is none, as on a machine of its own. */
export function readBuildInfo(directory: string): BuildInfo {
  try {
    const { version, commit, built } =
      asObject(JSON.parse(readFileSync(`${directory}/${BUILD_INFO_FILE}`, 'utf8'))) ?? {}
    return { ...text({ version }), ...text({ commit }), ...text({ built }) }
  } catch {
    return {}
  }
}

function text(member: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(member).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}
