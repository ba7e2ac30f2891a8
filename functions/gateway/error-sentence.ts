import { asObject } from '../../shared/json.ts'
import { oneLine } from './one-line.ts'

type Members = Readonly<Record<string, unknown>>

const MAX_CHARACTERS = 500
const MAX_FAULTS = 5
const MAX_DEPTH = 4

/** The members that contain the location of a fault, in order of precedence. */
const LOCATION_MEMBERS = [
  'loc',
  'path',
  'field',
  'param',
  'pointer',
  'property',
  'name',
  'instancePath',
]
/** The members that contain the message of one fault in a list, in order of precedence. */
const MESSAGE_MEMBERS = ['msg', 'message', 'detail', 'reason', 'description', 'title']
/** The members that contain the main message of a body, in order of precedence. */
const MAIN_MESSAGE_MEMBERS = [
  'message',
  'detail',
  'error',
  'title',
  'errorMessage',
  'msg',
  'description',
  'reason',
]
/** The members of a body that list faults. */
const LIST_MEMBERS = [
  'errors',
  'detail',
  'message',
  'errorMessages',
  'invalid-params',
  'error',
  'issues',
]

/**
 * Returns the error message in the JSON body of an HTTP error, as one line of at most 500
 * characters; undefined if the body has no known form. Known forms are FastAPI's and pydantic's
 * `detail[]` (`loc`, `msg`), `errors` as a list or by field (Rails, Laravel, ASP.NET, JSON:API,
 * express-validator), Django's and Rails' map of fields, NestJS' `message[]`, problem details (RFC
 * 9457), OAuth's `error` and `error_description`, JSON-RPC's and Google's `error.message`, MCP
 * results, and lists of strings.
 */
export function errorSentence(body: unknown): string | undefined {
  return bounded(bodySentence(body, 0))
}

/**
 * Returns the error message in a text body, as one line of at most 500 characters; undefined for a
 * page (HTML, XML), a stack trace, and an empty body.
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
  if (typeof body === 'string') return unlessBlank(body)
  if (Array.isArray(body)) return joined(body, depth)
  const members = asObject(body)
  if (members === undefined) return undefined
  const fields = fieldMap(members, depth)
  if (fields !== undefined) return fields
  const head = mainMessageOf(members, depth)
  const list = LIST_MEMBERS.map((name) => listOf(members, name, depth)).find(Boolean)
  const { error_description: description } = members
  const more = list ?? (typeof description === 'string' ? description : contentText(members))
  return head === undefined || head === more
    ? more
    : more === undefined
      ? head
      : withColon(head, more)
}

/**
 * Returns the first member that is a message, or the message in the first member that is an object.
 */
function mainMessageOf(members: Members, depth: number): string | undefined {
  // NestJS puts the name of the HTTP status in `error`, beside the list.
  const isListed = Array.isArray(members['message']) || Array.isArray(members['detail'])
  for (const name of MAIN_MESSAGE_MEMBERS) {
    if (isListed && name === 'error') continue
    const value = members[name]
    const message = asObject(value) ? bodySentence(value, depth + 1) : value
    if (typeof message === 'string' && message !== '') return message
  }
  return undefined
}

function listOf(members: Members, name: string, depth: number): string | undefined {
  const value = members[name]
  if (Array.isArray(value)) return joined(value, depth)
  const map = name === 'errors' ? asObject(value) : undefined
  return map && limited(Object.entries(map), (entry) => errorOfField(entry, depth + 1))
}

/**
 * Reads `{"limit": ["A valid integer is required."]}`, where each member is a field with its
 * messages.
 */
function fieldMap(members: Members, depth: number): string | undefined {
  const entries = Object.entries(members)
  const isMap = entries.every(
    ([name, value]) => isSentences(value) && !(LIST_MEMBERS as readonly string[]).includes(name),
  )
  return isMap ? limited(entries, (entry) => errorOfField(entry, depth + 1)) : undefined
}

function errorOfField([name, value]: readonly [string, unknown], depth: number) {
  if (depth > MAX_DEPTH) return undefined
  const map = asObject(value)
  const message = Array.isArray(value)
    ? joined(value, depth)
    : (map && fieldMap(map, depth)) || faultSentence(value, depth)
  return message === undefined ? undefined : withColon(name, message)
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

/** Returns the location and the message of one fault in a list. */
function faultSentence(fault: unknown, depth: number): string | undefined {
  const members = asObject(fault)
  if (members === undefined || depth > MAX_DEPTH) {
    return typeof fault === 'string' ? unlessBlank(fault) : undefined
  }
  const what = MESSAGE_MEMBERS.map((name) => members[name])
  // `detail` precedes `title`, which in JSON:API names only the kind of fault.
  const message = what.find((value): value is string => typeof value === 'string' && value !== '')
  const constraints = asObject(members['constraints'])
  const sentence = message ?? (constraints && joined(Object.values(constraints), depth))
  const location = locationOf(members)
  if (sentence === undefined) return bodySentence(members, depth)
  return location === undefined || location === message ? sentence : withColon(location, sentence)
}

function locationOf(members: Members): string | undefined {
  const source = asObject(members['source'])
  const values = [
    ...LOCATION_MEMBERS.map((name) => members[name]),
    source?.['pointer'],
    source?.['parameter'],
  ]
  for (const value of values) {
    if (typeof value === 'string' && value !== '') return value
    if (Array.isArray(value) && value.length > 0)
      return value.slice(0, 20).filter(isPathSegment).join('.')
  }
  return undefined
}

function isPathSegment(segment: unknown): boolean {
  return typeof segment === 'string' || typeof segment === 'number'
}

/** Returns the text of an MCP result in the body of an HTTP error. */
function contentText({ content }: Members): string | undefined {
  if (!Array.isArray(content)) return undefined
  return limited(content, (block) => {
    const text = asObject(block)?.['text']
    return typeof text === 'string' ? unlessBlank(text) : undefined
  })
}

function withColon(head: string, more: string): string {
  return /[.!?:]\s*$/.test(head.slice(-10)) ? `${head} ${more}` : `${head}: ${more}`
}

function unlessBlank(text: string): string | undefined {
  return text.trim() === '' ? undefined : text
}
