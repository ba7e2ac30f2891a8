import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Document, isMap, parseDocument, type YAMLMap } from 'yaml'
import { MAX_EXPANDED } from '../../../shared/catalogue/text.ts'
import { nestedKeyPosition, yamlFault } from '../../../shared/catalogue/yaml.ts'
import { asObject } from '../../../shared/json.ts'
import { ImportError } from '../import-error.ts'
import type { ToolMembers } from '../tool/to-tool.ts'
import { ACCESS, type ImportRecord, recordFileOf, recordText } from './import-record.ts'
import type { Merge } from './merge.ts'

/** A catalogue file with its comments. */
export interface CatalogueFile {
  readonly tools: ReadonlyMap<string, ToolMembers>
  readonly document: Document
}

/** The size from which reading YAML delays the start noticeably, in characters. */
const LARGE_YAML = 4 * 1024 * 1024
// The folded style would add a blank line for each line break.
const FORMAT = { lineWidth: 100, blockQuote: 'literal', aliasDuplicateObjects: false } as const

/**
 * Reads the catalogue that an import updates; an empty one if there is no file.
 *
 * @throws ImportError if it is neither YAML nor JSON, or not a catalogue with a mapping of tools.
 */
export function readCatalogueFile(path: string): CatalogueFile {
  if (!existsSync(path)) return { tools: new Map(), document: new Document({ tools: {} }) }
  const text = readFileSync(path, 'utf8')
  const document = parseDocument(text, { prettyErrors: false, merge: true })
  const fault = yamlFault(document, text)
  if (fault !== undefined) throw new ImportError(`${path} is not YAML or JSON (${fault})`)
  if (document.contents === null) return { tools: new Map(), document: new Document({ tools: {} }) }
  if (nestedKeyPosition(document) !== undefined) {
    throw new ImportError(`${path} has a mapping or a sequence inside a key`)
  }
  const value = asObject(document.toJS({ maxAliasCount: -1 }))
  const tools = asObject(isMap(document.get('tools')) ? value?.['tools'] : value)
  if (tools === undefined || Array.isArray(value?.['tools'])) {
    throw new ImportError(`${path} is not a catalogue with a mapping of tools`)
  }
  const entries = Object.entries(tools).map(([name, tool]) => [name, asObject(tool) ?? {}] as const)
  return { tools: new Map(entries), document: document as unknown as Document }
}

/** Returns the text of a catalogue with only these tools, as YAML or JSON. */
export function catalogueText(
  tools: Readonly<Record<string, ToolMembers>>,
  isJson: boolean,
): string {
  return isJson
    ? `${JSON.stringify({ tools }, null, 1)}\n`
    : new Document({ tools }, FORMAT).toString(FORMAT)
}

/** Returns the text of the file after a merge; keeps comments and members that the merge does not change. */
export function mergedText(file: CatalogueFile, merge: Merge, isJson: boolean): string {
  const { document } = file
  const tools = toolsOf(document)
  for (const name of merge.removed) tools.delete(name)
  for (const { name, members } of merge.added) tools.set(name, document.createNode(members, FORMAT))
  for (const { name, members } of merge.updated) {
    const tool = tools.get(name)
    if (!isMap(tool)) continue
    for (const [member, value] of members) setMember(document, tool, member, value)
  }
  return isJson ? `${JSON.stringify(document.toJS(), null, 1)}\n` : document.toString(FORMAT)
}

/**
 * Returns a warning about a large YAML catalogue, which the gateway does not accept or reads slowly;
 * undefined for others.
 */
export function sizeWarning(text: string, out: string | undefined): string | undefined {
  if ((out !== undefined && isJsonFile(out)) || text.length <= LARGE_YAML) return undefined
  const value: unknown = parseDocument(text, { merge: true }).toJS({ maxAliasCount: -1 })
  const size = JSON.stringify(value).length
  const advice = 'Write JSON instead: --out tools.json'
  return size > MAX_EXPANDED
    ? `the catalogue has ${mib(size)} MiB, and the gateway accepts ${mib(MAX_EXPANDED)} MiB of YAML at most. ${advice}`
    : `the catalogue has ${mib(text.length)} MiB, and reading YAML takes several times as long as JSON. ${advice}`
}

/** Returns whether a catalogue file of this name is JSON. */
export function isJsonFile(path: string): boolean {
  return /\.json$/i.test(path)
}

function mib(size: number): number {
  return Math.round(size / 104_857.6) / 10
}

/** Writes the catalogue and the import record atomically. */
export function writeFiles(path: string, text: string, record: ImportRecord): void {
  for (const [name, content] of [
    [path, text],
    [recordFileOf(path), recordText(record)],
  ] as const) {
    const temporary = `${name}.${process.pid}.tmp`
    writeFileSync(temporary, content)
    renameSync(temporary, name)
  }
}

function toolsOf(document: Document): YAMLMap {
  const tools = document.get('tools')
  const map = isMap(tools) ? tools : document.contents
  if (isMap(map)) return map
  throw new ImportError('the catalogue has no mapping of tools')
}

function setMember(document: Document, tool: YAMLMap, member: string, value: unknown): void {
  if (member !== ACCESS) {
    if (value === undefined) tool.delete(member)
    else tool.set(member, document.createNode(value, FORMAT))
    return
  }
  const access = asObject(value) ?? {}
  for (const name of ['scopes', 'securitySchemes']) {
    if (Object.hasOwn(access, name)) tool.set(name, document.createNode(access[name], FORMAT))
    else tool.delete(name)
  }
}
