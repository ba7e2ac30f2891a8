import { asObject, decodeUtf8, withoutByteOrderMark } from '../../json.ts'
import { mappingOf, yaml } from '../yaml.ts'

/** The frontmatter of a SKILL.md, as written. */
export interface Frontmatter {
  readonly name: string
  readonly description: string
  readonly [member: string]: unknown
}

const FENCE = /^---\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_NAME_CHARACTERS = 64
const MAX_DESCRIPTION_CHARACTERS = 1_024
const MAX_COMPATIBILITY_CHARACTERS = 500

/**
 * Reads the YAML between the `---` lines at the start of a SKILL.md by the rules of Agent Skills
 * (agentskills.io): `name` of at most 64 lower-case letters, digits and single hyphens, `description`
 * of at most 1,024 characters.
 *
 * @returns The frontmatter, or its faults.
 */
export function readFrontmatter(
  bytes: Buffer,
): { readonly frontmatter: Frontmatter } | { readonly faults: readonly string[] } {
  const text = decodeUtf8(withoutByteOrderMark(bytes))
  if (text === undefined) return { faults: ['SKILL.md must be UTF-8'] }
  const written = FENCE.exec(text)
  if (written === null || written.index !== 0) {
    return { faults: ['SKILL.md must begin with frontmatter between two lines of ---'] }
  }
  const members = parse(written[1] ?? '')
  if (members === undefined) return { faults: ['the frontmatter must be a mapping in YAML'] }
  const faults = [...nameFaults(members['name']), ...otherFaults(members)]
  return faults.length > 0 ? { faults } : { frontmatter: members as Frontmatter }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  const document = yaml().parseDocument(text, { prettyErrors: false, schema: 'core' })
  if (document.errors.length > 0) return undefined
  try {
    // Converted to JSON values, because it is sent as JSON.
    return asObject(JSON.parse(JSON.stringify(mappingOf(document))))
  } catch {
    return undefined
  }
}

function nameFaults(name: unknown): string[] {
  const isValid = typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS && NAME.test(name)
  return isValid ? [] : ['the name must be 1 to 64 lower-case letters, digits and single hyphens']
}

function otherFaults({
  description,
  compatibility,
  metadata,
}: Readonly<Record<string, unknown>>): string[] {
  const faults: string[] = []
  if (!isText(description, MAX_DESCRIPTION_CHARACTERS)) {
    faults.push(`the description must be 1 to ${MAX_DESCRIPTION_CHARACTERS} characters`)
  }
  if (compatibility !== undefined && !isText(compatibility, MAX_COMPATIBILITY_CHARACTERS)) {
    faults.push(`compatibility must be 1 to ${MAX_COMPATIBILITY_CHARACTERS} characters`)
  }
  const values = Object.values(asObject(metadata) ?? {})
  if (metadata !== undefined && !isStringMap(metadata, values)) {
    faults.push('metadata must map strings to strings')
  }
  return faults
}

function isStringMap(metadata: unknown, values: readonly unknown[]): boolean {
  return asObject(metadata) !== undefined && values.every((value) => typeof value === 'string')
}

function isText(value: unknown, max: number): boolean {
  return typeof value === 'string' && value !== '' && [...value].length <= max
}
