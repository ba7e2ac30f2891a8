import { parse } from 'yaml'
import { ImportError } from '../import-error.ts'

/** Maximum number of expanded aliases in one document; real documents have far fewer. */
const MAX_ALIASES = 10_000
const ALIAS = /[\s[{,:-]\*[^\s*]/

/** Rejects YAML with exponentially expanding aliases. @throws ImportError */
export function refuseAliases(bytes: Buffer, name: string): void {
  const text = bytes.toString()
  // Avoids a second parse of documents without aliases.
  if (/^\s*\{/.test(text) || !text.includes('&') || !ALIAS.test(text)) return
  try {
    parse(text, { maxAliasCount: MAX_ALIASES, merge: true, logLevel: 'silent', strict: false })
  } catch (error) {
    // The parser of the import reports other errors.
    if (!(error instanceof ReferenceError)) return
    throw new ImportError(`${name}: its YAML aliases expand without limit`)
  }
}
