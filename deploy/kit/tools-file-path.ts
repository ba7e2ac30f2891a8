import { isAbsolute, resolve } from 'node:path'
import type { Environment } from '../../shared/config.ts'
import { printable } from '../../shared/log/printable.ts'

/** The fault in shared/tools.ts, which has no path because the functions log it. */
const UNREADABLE = 'TOOLS_FILE names a file that cannot be read'

/**
 * Adds the path of TOOLS_FILE to the message of a configuration error about an unreadable file.
 * `variables` is called only for such a message.
 */
export function withToolsFilePath(message: string, variables: () => Environment): string {
  if (!message.includes(UNREADABLE)) return message
  const { TOOLS_FILE = '' } = variables()
  const path = TOOLS_FILE.trim()
  const base = isAbsolute(path)
    ? ''
    : ' (npm resolves a relative path from the root of the repository)'
  return message.replace(UNREADABLE, () => `${UNREADABLE}: ${printable(resolve(path))}${base}`)
}
