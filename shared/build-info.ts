import { readFileSync } from 'node:fs'
import { asObject } from './json.ts'

/** The name of the file that a deployment puts beside a function. */
export const BUILD_INFO_FILE = 'build.json'

/** The deployed version. */
export interface BuildInfo {
  readonly version?: string
  /** The hash of the deployed commit. */
  readonly commit?: string
  /** The time of the build (RFC 3339). */
  readonly built?: string
}

/** Reads the file in `directory`. Returns an empty object if it is missing, as in local development. */
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
