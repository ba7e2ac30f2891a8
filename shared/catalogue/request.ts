import { asObject } from '../json.ts'
import type { JsonSchema } from '../json-schema/schema.ts'
import { declaredArguments } from './declared-arguments.ts'
import { issueText } from './issue-text.ts'
import { isReservedField, isTokenText } from './reserved-fields.ts'
import { requestSchemas, type ToolRequest } from './request-schema.ts'
import { readUrlTemplate } from './url-template.ts'

/** The result of `readRequest`: a `request`, or faults. */
export interface ReadRequest {
  readonly request?: ToolRequest
  readonly faults: readonly string[]
}

// RFC 9110 s5.5, limited to ASCII.
const FIELD_VALUE = /^[\t\x20-\x7e]*$/

/**
 * Reads the `request` of a tool with this `inputSchema`. Faults name the member.
 *
 * Does not know FUNCTIONS_BASE. Checks that a URL without an origin stays below any base.
 */
export function readRequest(value: unknown, inputSchema: JsonSchema): ReadRequest {
  const given = withoutNulls(value)
  const parsed = requestSchemas().toolRequest.safeParse(given, { jitless: true })
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
