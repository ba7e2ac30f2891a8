import { quantity } from '../../kit/quantity.ts'
import type { Check } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import type { DeploymentObservation } from '../observe/deployment.ts'
import { serverIn } from '../observe/openapi-tools.ts'
import { documentOf, isObject, type JsonObject, preview } from '../probe-result.ts'

const MAX_OPERATIONS = 30
const MAX_DESCRIPTION_CHARACTERS = 300
const MAX_DOCUMENT_CHARACTERS = 100_000
const MAX_PREVIEWS = 3

/** The OpenAPI document of the REST interface, and whether GPT Actions can import it. */
export const OPENAPI_CHECKS: readonly Check<DeploymentObservation>[] = [
  {
    name: 'openapi.json',
    title: 'The OpenAPI document is served, with the URL of this deployment',
    run: ({ openApi, origin }) => {
      const document = documentOf(openApi)
      const where = openApi.url
      if ('absent' in document) {
        return [{ id: 'openapi_missing', seen: `GET /openapi.json: ${document.absent}`, where }]
      }
      const server = serverIn(document.value)
      if (server === origin) return []
      const seen = `the PUBLIC_URL of the gateway is ${preview(server)}, not ${origin}`
      return [{ id: 'gateway_public_url', seen, where, details: { publicUrl: origin } }]
    },
  },
  {
    name: 'GPT Actions',
    title: 'The OpenAPI document keeps the limits of GPT Actions',
    run: ({ openApi }) => {
      const document = documentOf(openApi)
      if ('absent' in document) return { skipped: `GET /openapi.json: ${document.absent}` }
      return [
        ...checkReferences(document.value, openApi.url),
        ...checkLimits(document.value, openApi.url),
      ]
    },
  },
]

function checkReferences(document: JsonObject, where: string): Observed[] {
  const lost = [...new Set(referencesIn(document))].filter((one) => !isResolvable(one, document))
  if (lost.length === 0) return []
  const examples = lost.slice(0, MAX_PREVIEWS).map(preview).join(', ')
  const seen = `${quantity(lost.length, 'reference')} of openapi.json cannot be resolved: ${examples}`
  return [{ id: 'openapi_references', seen, where }]
}

function checkLimits(document: JsonObject, where: string): Observed[] {
  const operations = Object.values(Object(document['paths'])).flatMap((path) =>
    Object.values(Object(path)).filter(isObject),
  )
  const long = operations.filter(({ summary, description }) =>
    [summary, description].some((text) => String(text ?? '').length > MAX_DESCRIPTION_CHARACTERS),
  )
  const { length } = JSON.stringify(document)
  const found: Observed[] = []
  if (operations.length > MAX_OPERATIONS) {
    const seen = `openapi.json has ${operations.length} operations, GPT Actions accept ${MAX_OPERATIONS}`
    found.push({ id: 'openapi_operations', seen, where })
  }
  if (long.length > 0) {
    const seen = `openapi.json has ${quantity(long.length, 'operation')} with a summary or description of more than ${MAX_DESCRIPTION_CHARACTERS} characters`
    found.push({ id: 'openapi_descriptions', seen, where })
  }
  if (length > MAX_DOCUMENT_CHARACTERS) {
    const seen = `openapi.json has ${length} characters, GPT Actions accept ${MAX_DOCUMENT_CHARACTERS}`
    found.push({ id: 'openapi_size', seen, where })
  }
  return found
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  const { $ref } = value
  const inside = Object.values(value).flatMap(referencesIn)
  return typeof $ref === 'string' ? [$ref, ...inside] : inside
}

function isResolvable(reference: string, document: JsonObject): boolean {
  if (!reference.startsWith('#/')) return reference === '#'
  let target: unknown = document
  for (const step of reference.slice(2).split('/')) {
    const key = decodeStep(step)
    if (key === undefined || !Object.hasOwn(Object(target), key)) return false
    target = Reflect.get(Object(target), key)
  }
  return true
}

function decodeStep(step: string): string | undefined {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return undefined
  }
}
