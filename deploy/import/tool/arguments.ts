import type { JsonSchema } from '../../../shared/json-schema/schema.ts'
import { OperationError } from '../import-error.ts'
import { selfContained } from '../schema/self-contained.ts'
import type { RequestBody } from './body.ts'
import type { Location, Parameter } from './parameters.ts'

type Members = Readonly<Record<string, unknown>>
type Definitions = ReadonlyMap<string, JsonSchema | boolean>

/** The input schema of a tool, and how its arguments become a request. */
export interface Arguments {
  readonly inputSchema: JsonSchema
  /** `request.parameters`; empty without any. */
  readonly parameters: readonly Members[]
  /** `request.body`; undefined without a body. */
  readonly body: Members | undefined
}

/** Where several have a name, the first of these keeps it. */
const ORDER: readonly Location[] = ['path', 'query', 'header', 'cookie']
const MAX_NAME = 64

interface Slot {
  readonly name: string
  /** What it is called where the plain name is taken. */
  readonly otherwise: string
  readonly schema: JsonSchema | boolean
  readonly isRequired: boolean
  readonly use: (argument: string) => void
}

/**
 * Puts parameters and body into one object of arguments. A name that several have stays with the first
 * of path, query, header, cookie and body; the others become `id_query`, `id_header`, `id_cookie` and
 * `body_id`. Names that clients refuse (`^[a-zA-Z0-9_.-]{1,64}$`) are changed; the API still gets its own.
 */
export function toArguments(
  parameters: readonly Parameter[],
  body: RequestBody | undefined,
  definitions: Definitions,
): Arguments {
  const written = new Map<Parameter, Members>()
  const ofBody: [string, string][] = []
  const slots: Slot[] = [
    ...ORDER.flatMap((location) => parameters.filter((one) => one.in === location)).map(
      (parameter): Slot => ({
        name: parameter.name,
        otherwise: `${parameter.name}_${parameter.in}`,
        schema: parameter.schema,
        isRequired: parameter.isRequired,
        use: (argument) => written.set(parameter, parameterMember(parameter, argument)),
      }),
    ),
    ...bodySlots(body, (name, argument) => ofBody.push([name, argument])),
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
    properties: Object.fromEntries([...taken].map(([name, { schema }]) => [name, schema])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
  return {
    inputSchema: selfContained(root, definitions),
    parameters: parameters.map((one) => written.get(one)).filter((one) => one !== undefined),
    body: body && bodyMember(body, ofBody),
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
    return [{ name: 'body', otherwise: 'request_body', schema, isRequired, use }]
  }
  return Object.entries(object.properties).map(([name, property]) => ({
    name,
    otherwise: `body_${name}`,
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
    throw new OperationError(`its file ${renamedFile[0]} has a name that an argument cannot have`)
  }
  const properties = used
    .filter((one) => !isFile(one))
    .map(([name, argument]) => {
      const said = { ...(name !== argument && { argument }), ...encoding.get(name) }
      return Object.keys(said).length === 0 ? name : { name, ...said }
    })
  const isRenamed = properties.some((one) => typeof one !== 'string')
  const argumentsOfFiles = used.filter(isFile).map(([, one]) => one)
  return {
    contentType,
    ...(isRenamed && { properties }),
    ...(argumentsOfFiles.length > 0 && { files: argumentsOfFiles }),
  }
}

function freeName({ name, otherwise }: Slot, taken: ReadonlyMap<string, Slot>): string {
  const wishes = [accepted(name), accepted(otherwise)]
  const free = wishes.find((wish) => !taken.has(wish))
  if (free !== undefined) return free
  let number = 2
  const numbered = () => `${wishes[1]?.slice(0, MAX_NAME - 4)}_${number}`
  while (taken.has(numbered())) number++
  return numbered()
}

function accepted(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').slice(0, MAX_NAME)
  const trimmed = plain === name ? plain : plain.replaceAll(/^_+|_+$/g, '')
  return trimmed === '' || trimmed === '__proto__' ? 'value' : trimmed
}
