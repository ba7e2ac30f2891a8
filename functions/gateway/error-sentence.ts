import { asObject } from '../../shared/json.ts'
import { oneLine } from './one-line.ts'

type Members = Readonly<Record<string, unknown>>

const MAX_CHARACTERS = 500
const MAX_FAULTS = 5
const MAX_DEPTH = 4

/** The members that say where a fault is, in the order in which they are believed. */
const PLACES = ['loc', 'path', 'field', 'param', 'pointer', 'property', 'name', 'instancePath']
/** The members that say what one fault of a list is. */
const FAULTS = ['msg', 'message', 'detail', 'reason', 'description', 'title']
/** The members of a whole body that say what is wrong. */
const HEADS = [
  'message',
  'detail',
  'error',
  'title',
  'errorMessage',
  'msg',
  'description',
  'reason',
]
/** The members of a whole body that list faults. */
const LISTS = ['errors', 'detail', 'message', 'errorMessages', 'invalid-params', 'error', 'issues']

/**
 * What the JSON body of an HTTP error says, in one line of at most 500 characters; undefined when it
 * is not written in a known way. Known are: FastAPI's and pydantic's `detail[]` (`loc`, `msg`), `errors`
 * as a list or by field (Rails, Laravel, ASP.NET, JSON:API, express-validator), Django's and Rails' map
 * of fields, NestJS' `message[]`, problem details (RFC 9457), OAuth's `error` and `error_description`,
 * JSON-RPC's and Google's `error.message`, MCP's own result, and lists of sentences.
 */
export function errorSentence(body: unknown): string | undefined {
  return bounded(bodySentence(body, 0))
}

/**
 * What a body of text says, in the same bounds; undefined for a page (HTML, XML), a stack trace, and
 * for nothing.
 */
export function textSentence(text: string): string | undefined {
  const start = text.slice(0, 4 * MAX_CHARACTERS)
  const isMarkup = /<[a-z!/?]/i.test(start)
  const isTrace = /^\s*at |Traceback \(most recent|^\s*File "/m.test(start)
  return isMarkup || isTrace ? undefined : bounded(start)
}

function bounded(sentence: string | undefined): string | undefined {
  return oneLine(sentence ?? '', MAX_CHARACTERS) || undefined
}

function bodySentence(body: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return undefined
  if (typeof body === 'string') return filled(body)
  if (Array.isArray(body)) return joined(body, depth)
  const members = asObject(body)
  if (members === undefined) return undefined
  const fields = fieldMap(members, depth)
  if (fields !== undefined) return fields
  const head = headOf(members, depth)
  const list = LISTS.map((name) => listOf(members, name, depth)).find(Boolean)
  const { error_description: description } = members
  const more = list ?? (typeof description === 'string' ? description : contentText(members))
  return head === undefined || head === more ? more : more === undefined ? head : colon(head, more)
}

/** The first member that is a sentence, or an object that holds one. */
function headOf(members: Members, depth: number): string | undefined {
  // NestJS writes the status' name beside its list.
  const isListed = Array.isArray(members['message']) || Array.isArray(members['detail'])
  for (const name of HEADS) {
    if (isListed && name === 'error') continue
    const value = members[name]
    const said = asObject(value) ? bodySentence(value, depth + 1) : value
    if (typeof said === 'string' && said !== '') return said
  }
  return undefined
}

function listOf(members: Members, name: string, depth: number): string | undefined {
  const value = members[name]
  if (Array.isArray(value)) return joined(value, depth)
  const map = name === 'errors' ? asObject(value) : undefined
  return map && limited(Object.entries(map), (entry) => errorOfField(entry, depth + 1))
}

/** `{"limit": ["A valid integer is required."]}`: each member a field, with a list of sentences. */
function fieldMap(members: Members, depth: number): string | undefined {
  const entries = Object.entries(members)
  const isMap = entries.every(
    ([name, value]) => isSentences(value) && !(LISTS as readonly string[]).includes(name),
  )
  return isMap ? limited(entries, (entry) => errorOfField(entry, depth + 1)) : undefined
}

function errorOfField([name, value]: readonly [string, unknown], depth: number) {
  if (depth > MAX_DEPTH) return undefined
  const map = asObject(value)
  const said = Array.isArray(value)
    ? joined(value, depth)
    : (map && fieldMap(map, depth)) || faultSentence(value, depth)
  return said === undefined ? undefined : colon(name, said)
}

function isSentences(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')
}

function joined(values: readonly unknown[], depth: number): string | undefined {
  return limited(values, (value) => faultSentence(value, depth + 1))
}

function limited<Value>(
  values: readonly Value[],
  write: (value: Value) => string | undefined,
): string | undefined {
  const written = values.slice(0, MAX_FAULTS).map(write).filter(Boolean)
  if (written.length === 0) return undefined
  const left = values.length - MAX_FAULTS
  return `${written.join('; ')}${left > 0 ? `; and ${left} more` : ''}`
}

/** One fault of a list: where and what. */
function faultSentence(fault: unknown, depth: number): string | undefined {
  const members = asObject(fault)
  if (members === undefined || depth > MAX_DEPTH) {
    return typeof fault === 'string' ? filled(fault) : undefined
  }
  const what = FAULTS.map((name) => members[name])
  // JSON:API's title is the kind of fault, its detail this one.
  const said = what.find((value): value is string => typeof value === 'string' && value !== '')
  const constraints = asObject(members['constraints'])
  const sentence = said ?? (constraints && joined(Object.values(constraints), depth))
  const place = placeOf(members)
  if (sentence === undefined) return bodySentence(members, depth)
  return place === undefined || place === said ? sentence : colon(place, sentence)
}

function placeOf(members: Members): string | undefined {
  const source = asObject(members['source'])
  const values = [
    ...PLACES.map((name) => members[name]),
    source?.['pointer'],
    source?.['parameter'],
  ]
  for (const value of values) {
    if (typeof value === 'string' && value !== '') return value
    if (Array.isArray(value) && value.length > 0) return value.slice(0, 20).filter(isStep).join('.')
  }
  return undefined
}

function isStep(step: unknown): boolean {
  return typeof step === 'string' || typeof step === 'number'
}

/** The text of MCP's own result, as it stands in the body of an HTTP error. */
function contentText({ content }: Members): string | undefined {
  if (!Array.isArray(content)) return undefined
  return limited(content, (block) => {
    const text = asObject(block)?.['text']
    return typeof text === 'string' ? filled(text) : undefined
  })
}

function colon(head: string, more: string): string {
  return /[.!?:]\s*$/.test(head.slice(-10)) ? `${head} ${more}` : `${head}: ${more}`
}

function filled(text: string): string | undefined {
  return text.trim() === '' ? undefined : text
}
