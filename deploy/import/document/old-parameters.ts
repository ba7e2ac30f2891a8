import { asObject } from '../../../shared/json.ts'

type Mapping = Readonly<Record<string, unknown>>

/**
 * Returns an OpenAPI 2.0 document with each `#/parameters/...` reference replaced by the parameter, and
 * body and form parameters of a path moved to its operations. The converter to 3.0 handles such
 * parameters only in operations.
 */
export function inlineOldParameters(document: Mapping): Record<string, unknown> {
  const shared = asObject(document['parameters']) ?? {}
  const paths = Object.entries(asObject(document['paths']) ?? {}).map(([path, item]) => [
    path,
    asObject(item) === undefined ? item : withInlinedBody(asObject(item) ?? {}, shared),
  ])
  return structuredClone({ ...document, paths: Object.fromEntries(paths) })
}

function withInlinedBody(item: Mapping, shared: Mapping): Mapping {
  const own = listOf(item['parameters'], shared)
  const bodyParameters = own.filter(isBodyParameter)
  const entries = Object.entries(item).map(([key, value]) => {
    const operation = asObject(value)
    if (operation === undefined || key.startsWith('x-')) return [key, value]
    const parameters = listOf(operation['parameters'], shared)
    const hasOwnBody = parameters.some((one) => asObject(one)?.['in'] === 'body')
    const inherited = bodyParameters.filter(
      (one) => !hasOwnBody && !parameters.some((other) => isSame(one, other)),
    )
    return [key, { ...operation, parameters: [...parameters, ...inherited] }]
  })
  const others = own.filter((one) => !isBodyParameter(one))
  return { ...Object.fromEntries(entries), ...(own.length > 0 && { parameters: others }) }
}

function listOf(parameters: unknown, shared: Mapping): unknown[] {
  return (Array.isArray(parameters) ? parameters : []).map((one: unknown) => {
    const [, name] = /^#\/parameters\/([^/]+)$/.exec(String(asObject(one)?.['$ref'])) ?? []
    return name === undefined ? one : (shared[unescapePointer(name)] ?? one)
  })
}

function unescapePointer(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isBodyParameter(parameter: unknown): boolean {
  return /^(body|formData)$/.test(String(asObject(parameter)?.['in']))
}

function isSame(one: unknown, other: unknown): boolean {
  return ['name', 'in'].every((key) => asObject(one)?.[key] === asObject(other)?.[key])
}
