import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import { OperationError } from '../import-error.ts'
import { selfContained } from '../schema/self-contained.ts'
import { argumentName } from './argument-name.ts'
import type { RequestBody } from './body.ts'
import type { Location, Parameter } from './parameters.ts'

type Members = Readonly<Record<string, unknown>>
type Definitions = ReadonlyMap<string, JsonSchema | boolean>

/** The input schema of a tool, and the mapping of its arguments to a request. */
export interface Arguments {
  readonly inputSchema: JsonSchema
  /** `request.parameters`; empty if there are none. */
  readonly parameters: readonly Members[]
  /** `request.body`; undefined without a body. */
  readonly body: Members | undefined
}

/** Precedence of locations for duplicate names. */
const ORDER: readonly Location[] = ['path', 'query', 'header', 'cookie']
const MAX_NAME = 64

interface Slot {
  readonly name: string
  /** The alternative name if `name` is already used. */
  readonly alternativeName: string
  readonly schema: JsonSchema | boolean
  readonly isRequired: boolean
  readonly use: (argument: string) => void
}

/**
 * Combines parameters and body into one arguments object. The first of path, query, header, cookie and
 * body keeps a duplicate name; the others become `id_query`, `id_header`, `id_cookie` and `body_id`.
 * Names that clients reject (not `^[a-zA-Z0-9_.-]{1,64}$`) are changed; the API still gets its own names,
 * which the descriptions mention.
 */
export function toArguments(
  parameters: readonly Parameter[],
  body: RequestBody | undefined,
  definitions: Definitions,
): Arguments {
  const written = new Map<Parameter, Members>()
  const bodyParameters: [string, string][] = []
  const slots: Slot[] = [
    ...ORDER.flatMap((location) => parameters.filter((one) => one.in === location)).map(
      (parameter): Slot => ({
        name: parameter.name,
        alternativeName: `${parameter.name}_${parameter.in}`,
        schema: parameter.schema,
        isRequired: parameter.isRequired,
        use: (argument) => written.set(parameter, parameterMember(parameter, argument)),
      }),
    ),
    ...bodySlots(body, (name, argument) => bodyParameters.push([name, argument])),
  ]
  const taken = new Map<string, Slot>()
  for (const slot of slots) {
    const argument = freeName(slot, taken)
    taken.set(argument, slot)
    slot.use(argument)
  }
  const required = [...taken].filter(([, slot]) => slot.isRequired).map(([name]) => name)
  const root: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(
      [...taken].map(([name, slot]) => [name, withWireName(name, slot)]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
  return {
    inputSchema: selfContained(root, definitions),
    parameters: parameters.map((one) => written.get(one)).filter((one) => one !== undefined),
    body: body && bodyMember(body, bodyParameters),
  }
}

function bodySlots(
  body: RequestBody | undefined,
  onUse: (name: string, argument: string) => void,
): Slot[] {
  if (body === undefined) return []
  const { object, schema, isRequired } = body
  if (object === undefined) {
    const use = (argument: string) => onUse('', argument)
    return [{ name: 'body', alternativeName: 'request_body', schema, isRequired, use }]
  }
  return Object.entries(object.properties).map(([name, property]) => ({
    name,
    alternativeName: `body_${name}`,
    schema: property,
    isRequired: object.required.includes(name),
    use: (argument) => onUse(name, argument),
  }))
}

function parameterMember(
  { name, in: location, serialization }: Parameter,
  argument: string,
): Members {
  return { name, in: location, ...(argument !== name && { argument }), ...serialization }
}

function bodyMember(body: RequestBody, used: readonly (readonly [string, string])[]): Members {
  const { contentType, object, files, encoding } = body
  if (object === undefined) return { contentType, argument: used[0]?.[1] }
  const isFile = ([name]: readonly [string, string]) => files.includes(name)
  const renamedFile = used.find((one) => isFile(one) && one[0] !== one[1])
  if (renamedFile !== undefined) {
    throw new OperationError(
      `its file ${renamedFile[0]} has a name that is not allowed for an argument`,
    )
  }
  const properties = used
    .filter((one) => !isFile(one))
    .map(([name, argument]) => {
      const members = { ...(name !== argument && { argument }), ...encoding.get(name) }
      return Object.keys(members).length === 0 ? name : { name, ...members }
    })
  const isRenamed = properties.some((one) => typeof one !== 'string')
  const argumentsOfFiles = used.filter(isFile).map(([, one]) => one)
  return {
    contentType,
    ...(isRenamed && { properties }),
    ...(argumentsOfFiles.length > 0 && { files: argumentsOfFiles }),
  }
}

function freeName(
  { name, alternativeName, schema }: Slot,
  taken: ReadonlyMap<string, Slot>,
): string {
  const preferredNames = [
    argumentName(name, formatOf(schema)),
    argumentName(alternativeName, undefined),
  ]
  const free = preferredNames.find((one) => !taken.has(one))
  if (free !== undefined) return free
  let number = 2
  const numbered = () => `${preferredNames[1]?.slice(0, MAX_NAME - 4)}_${number}`
  while (taken.has(numbered())) number++
  return numbered()
}

function formatOf(schema: JsonSchema | boolean): unknown {
  return typeof schema === 'object' ? schema['format'] : undefined
}

/** Adds the API's name to the description of an argument whose name clients would reject. */
function withWireName(argument: string, { name, schema }: Slot): JsonSchema | boolean {
  if (!/[^A-Za-z0-9_.-]/.test(name) || argument === name) return schema
  const { description } = Object(schema) as JsonSchema
  const text = typeof description === 'string' ? `${description.replace(/(?<![.!?…])$/, '.')} ` : ''
  return { ...Object(schema), description: `${text}Sent as ${JSON.stringify(name)}.` }
}
