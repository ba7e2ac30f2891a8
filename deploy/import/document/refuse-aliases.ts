import { parse } from 'yaml'
import { ImportError } from '../import-error.ts'

/** How often the aliases of one document may multiply: far above what people write. */
const MAX_ALIASES = 10_000
const ALIAS = /[\s[{,:-]\*[^\s*]/

/** Refuses YAML whose aliases multiply so that the document has no end. @throws ImportError */
export function refuseAliases(bytes: Buffer, name: string): void {
  const text = bytes.toString()
  // JSON has none, and most YAML neither: only the rest is read twice.
  if (/^\s*\{/.test(text) || !text.includes('&') || !ALIAS.test(text)) return
  try {
    parse(text, { maxAliasCount: MAX_ALIASES, merge: true, logLevel: 'silent', strict: false })
  } catch (error) {
    // What else is wrong, the parser of the import says.
    if (!(error instanceof ReferenceError)) return
    throw new ImportError(`${name}: its YAML aliases multiply without end`)
  }
}
