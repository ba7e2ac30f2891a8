import { parseDocument } from 'yaml'
import { nestedKeyPosition } from '../../../shared/catalogue/yaml.ts'
import { ImportError } from '../import-error.ts'

/** Maximum number of expanded aliases in one document; real documents have far fewer. */
const MAX_ALIASES = 10_000
const ALIAS = /[\s[{,:-]\*[^\s*]/

/** Rejects YAML with aliases or keys that take exponential time. @throws ImportError */
export function refuseAliases(bytes: Buffer, name: string): void {
  const text = bytes.toString()
  // Avoids a second parse of documents without aliases.
  if (/^\s*\{/.test(text) || !text.includes('&') || !ALIAS.test(text)) return
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'silent', strict: false })
    if (nestedKeyPosition(document) !== undefined) {
      throw new ImportError(`${name}: it has a mapping or a sequence inside a key`)
    }
    document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    if (error instanceof ImportError) throw error
    // The parser of the import reports other errors.
    if (!(error instanceof ReferenceError)) return
    throw new ImportError(`${name}: its YAML aliases expand without limit`)
  }
}
