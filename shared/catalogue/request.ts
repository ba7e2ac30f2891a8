import '../schema-messages.ts'

import * as z from 'zod/mini'
import { asObject } from '../json.ts'
import type { JsonSchema } from '../json-schema/schema.ts'
import { lazily } from '../lazily.ts'
import { bodyTypeFault, isJsonPatch } from './body-type.ts'
import { declaredArguments } from './declared-arguments.ts'
import { issueText } from './issue-text.ts'
import { isReservedField, isTokenText } from './reserved-fields.ts'
import { readUrlTemplate } from './url-template.ts'

type Schemas = ReturnType<typeof schemas>

/** How one argument is sent: a Parameter Object of OpenAPI, with defaults filled in. */
export type RequestParameter = z.output<Schemas['parameter']>

/** How one argument is sent in the body. `style` and `explode` apply to form-encoded bodies. */
export type BodyProperty = z.output<Schemas['property']>

/** How the body is built from the arguments. */
export type RequestBody = z.output<Schemas['body']>

/** How the gateway calls the backend of a tool, with defaults filled in; plain JSON. */
export type ToolRequest = z.output<Schemas['toolRequest']>

/** The result of `readRequest`: a `request`, or faults. */
export interface ReadRequest {
  readonly request?: ToolRequest
  readonly faults: readonly string[]
}

/** The styles of OpenAPI 3.1 for each location (Parameter Object, `style`). The first is the default. */
const STYLES = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
} as const
const STYLE_NAMES = [
  ...['simple', 'label', 'matrix'],
  ...['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
] as (typeof STYLES)[keyof typeof STYLES][number][]

const schemas = lazily(() => {
  const name = z.string().check(z.minLength(1), z.maxLength(512))
  const parameter = z.pipe(
    z.strictObject({
      name,
      in: z.enum(['path', 'query', 'header', 'cookie']),
      argument: z.optional(name),
      style: z.optional(z.enum(STYLE_NAMES)),
      explode: z.optional(z.boolean()),
      /** Applies only to query parameters, as in OpenAPI 3.1. */
      allowReserved: z._default(z.boolean(), false),
      /** As in OpenAPI: the value is sent as JSON, without `style`. */
      content: z.optional(z.strictObject({ 'application/json': z.looseObject({}) })),
    }),
    z.transform((given, context) => {
      const styles: readonly string[] = STYLES[given.in]
      const style = given.style ?? STYLES[given.in][0]
      if (!styles.includes(style)) {
        const message = `style must be ${styles.join(', ')} for a parameter in ${given.in}`
        context.issues.push({ code: 'custom', message, input: given })
      }
      const { content, ...rest } = given
      return {
        ...rest,
        style,
        argument: given.argument ?? given.name,
        explode: given.explode ?? style === 'form',
        ...(content !== undefined && { isJson: true }),
      }
    }),
  )
  const fullProperty = z.strictObject({
    name,
    argument: z.optional(name),
    style: z.optional(z.enum(STYLES.query)),
    explode: z.optional(z.boolean()),
    /** The type of a multipart part. In a form-encoded body, `application/json` sends the value as JSON. */
    contentType: z.optional(
      z
        .string()
        .check(z.regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/, 'must be a media type')),
    ),
  })
  const property = z.pipe(
    z.union([name, fullProperty]),
    z.transform((given) => {
      const full: z.output<typeof fullProperty> =
        typeof given === 'string' ? { name: given } : given
      return { ...full, argument: full.argument ?? full.name }
    }),
  )
  const body = z
    .strictObject({
      /** Sent as it is written. */
      contentType: z.string().check(
        z.maxLength(200),
        z.superRefine((given, context) => {
          const message = bodyTypeFault(given)
          if (message !== undefined) context.issues.push({ code: 'custom', message, input: given })
        }),
      ),
      argument: z.optional(name),
      properties: z.optional(z.array(property)),
      files: z.optional(z.array(name)),
    })
    .check(
      z.refine(
        (given) => given.argument === undefined || given.properties === undefined,
        'argument and properties are mutually exclusive',
      ),
      z.refine(
        (given) => given.files === undefined || given.contentType === 'multipart/form-data',
        'files need contentType multipart/form-data',
      ),
      z.refine(
        (given) => given.argument !== undefined || !isJsonPatch(given.contentType),
        'contentType application/json-patch+json requires argument, because its body is a list',
      ),
    )
  const toolRequest = z.strictObject({
    method: z._default(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']), 'POST'),
    url: z.string().check(z.minLength(1), z.maxLength(2_000)),
    parameters: z._default(z.array(parameter), []),
    body: z.optional(body),
    headers: z._default(z.record(z.string(), z.string().check(z.maxLength(4_000))), {}),
    resultPointer: z.optional(
      z
        .string()
        .check(
          z.regex(/^(\/([^~]|~[01])*)?$/, 'must be a JSON Pointer (RFC 6901) such as /data/items'),
        ),
    ),
    wrap: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  })
  return { parameter, property, body, toolRequest }
})

// RFC 9110 s5.5, limited to ASCII.
const FIELD_VALUE = /^[\t\x20-\x7e]*$/

/**
 * Reads the `request` of a tool with this `inputSchema`. Faults name the member.
 *
 * Does not know FUNCTIONS_BASE. Checks that a URL without an origin stays below any base.
 */
export function readRequest(value: unknown, inputSchema: JsonSchema): ReadRequest {
  const given = withoutNulls(value)
  const parsed = schemas().toolRequest.safeParse(given, { jitless: true })
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${['request', ...issue.path].join('.')}: ${issueText(issue, given)}`,
    )
    return { faults }
  }
  const request = parsed.data
  const faults = [
    ...urlFaults(request),
    ...parameterFaults(request),
    ...headerFaults(request),
    ...argumentFaults(request, inputSchema),
  ].map((fault) => `request: ${fault}`)
  return faults.length > 0 ? { faults } : { request, faults }
}

/** Removes null members, which some serializers write for absent members. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  const members = asObject(value)
  if (members === undefined) return value
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  )
}

function urlFaults({ url, parameters }: ToolRequest): string[] {
  const template = readUrlTemplate(url)
  if ('fault' in template) return [`url ${template.fault}`]
  const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name)
  return [
    ...template.names
      .filter((named) => !inPath.includes(named))
      .map((named) => `url has {${named}}, but parameters has no path parameter of this name`),
    ...inPath
      .filter((named) => !template.names.includes(named))
      .map((named) => `parameter ${quoted(named)} is in path, but url does not have {${named}}`),
  ]
}

function parameterFaults({ parameters }: ToolRequest): string[] {
  const seen = new Set<string>()
  return parameters.flatMap((one) => {
    const key = `${one.in} ${one.in === 'header' ? one.name.toLowerCase() : one.name}`
    const isTwice = seen.has(key)
    seen.add(key)
    return [
      ...(isTwice ? [`parameter ${quoted(one.name)} occurs twice in ${one.in}`] : []),
      ...(one.in === 'header' ? fieldNameFaults(one.name) : []),
      ...(one.in === 'cookie' && !isTokenText(one.name)
        ? [`parameter ${quoted(one.name)}: not a cookie name (RFC 6265 s4.1.1)`]
        : []),
    ]
  })
}

function headerFaults({ headers, parameters }: ToolRequest): string[] {
  const named = parameters.filter((one) => one.in === 'header').map((one) => one.name.toLowerCase())
  const names = Object.keys(headers).map((field) => field.toLowerCase())
  return Object.entries(headers).flatMap(([field, constant]) => [
    ...fieldNameFaults(field),
    ...(named.includes(field.toLowerCase())
      ? [`header field ${quoted(field)} occurs in headers and in parameters: keep one of them`]
      : []),
    ...(names.indexOf(field.toLowerCase()) !== names.lastIndexOf(field.toLowerCase())
      ? [`header field ${quoted(field)} occurs twice in headers`]
      : []),
    ...(FIELD_VALUE.test(constant)
      ? []
      : [`header field ${quoted(field)}: the value must be printable ASCII on one line`]),
  ])
}

function fieldNameFaults(field: string): string[] {
  if (!isTokenText(field))
    return [`header field ${quoted(field)}: not a field name (RFC 9110 s5.1)`]
  if (!isReservedField(field)) return []
  return [`header field ${quoted(field)} is set by the gateway or the connection: remove it`]
}

function argumentFaults(request: ToolRequest, inputSchema: JsonSchema): string[] {
  const declared = declaredArguments(inputSchema)
  if (declared === undefined) return []
  const { argument, properties = [], files = [] } = request.body ?? {}
  const used = [
    ...request.parameters.map((one) => one.argument),
    ...(argument === undefined ? [] : [argument]),
    ...properties.map((one) => one.argument),
    ...files,
  ]
  return [...new Set(used)]
    .filter((one) => !declared.has(one))
    .map((one) => `argument ${quoted(one)} is not in the properties of inputSchema`)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 128))
}
