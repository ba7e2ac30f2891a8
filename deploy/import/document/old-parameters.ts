import { asObject } from '../../../shared/json.ts'

type Mapping = Readonly<Record<string, unknown>>

/**
 * An OpenAPI 2.0 document with each `#/parameters/...` reference replaced by the parameter, and the
 * path's own body and form parameters moved to its operations: version 3.0 has no such parameters, and
 * the converter handles them only where they stand in an operation.
 */
export function inlineOldParameters(document: Mapping): Record<string, unknown> {
  const shared = asObject(document['parameters']) ?? {}
  const paths = Object.entries(asObject(document['paths']) ?? {}).map(([path, item]) => [
    path,
    asObject(item) === undefined ? item : movedDown(asObject(item) ?? {}, shared),
  ])
  return structuredClone({ ...document, paths: Object.fromEntries(paths) })
}

function movedDown(item: Mapping, shared: Mapping): Mapping {
  const own = listOf(item['parameters'], shared)
  const ofBody = own.filter(isOfBody)
  const entries = Object.entries(item).map(([key, value]) => {
    const operation = asObject(value)
    if (operation === undefined || key.startsWith('x-')) return [key, value]
    const mine = listOf(operation['parameters'], shared)
    const hasOwnBody = mine.some((one) => asObject(one)?.['in'] === 'body')
    const inherited = ofBody.filter(
      (one) => !hasOwnBody && !mine.some((other) => isSame(one, other)),
    )
    return [key, { ...operation, parameters: [...mine, ...inherited] }]
  })
  const others = own.filter((one) => !isOfBody(one))
  return { ...Object.fromEntries(entries), ...(own.length > 0 && { parameters: others }) }
}

function listOf(parameters: unknown, shared: Mapping): unknown[] {
  return (Array.isArray(parameters) ? parameters : []).map((one: unknown) => {
    const [, name] = /^#\/parameters\/([^/]+)$/.exec(String(asObject(one)?.['$ref'])) ?? []
    return name === undefined ? one : (shared[unescaped(name)] ?? one)
  })
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isOfBody(parameter: unknown): boolean {
  return /^(body|formData)$/.test(String(asObject(parameter)?.['in']))
}

function isSame(one: unknown, other: unknown): boolean {
  return ['name', 'in'].every((key) => asObject(one)?.[key] === asObject(other)?.[key])
}
