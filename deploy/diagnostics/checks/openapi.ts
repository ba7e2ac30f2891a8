import { type Check, type Finding, fault, warning } from '../check.ts'
import { documentOf, isObject, type JsonObject, shown } from '../exchange.ts'
import type { Outside } from '../observe/deployment.ts'

const MAX_OPERATIONS = 30
const MAX_DESCRIPTION_CHARACTERS = 300
const MAX_DOCUMENT_CHARACTERS = 100_000
const MAX_SHOWN = 3
const WHY = 'GPT Actions do not import it as it is; MCP clients are not concerned'
const SPLIT = 'import a part of it: /openapi.json?tools=a,b names the tools'

/** Whether the description of the REST side can be imported. */
export const DESCRIPTION_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'GPT Actions',
    title: 'the description of the REST side keeps the limits of GPT Actions',
    run: ({ openApi }) => {
      const document = documentOf(openApi)
      if ('absent' in document) return { skipped: `GET /openapi.json: ${document.absent}` }
      return [
        ...checkReferences(document.value),
        ...checkOperations(document.value),
        ...checkSize(document.value),
      ].map((finding) => ({ ...finding, where: openApi.url }))
    },
  },
]

function checkReferences(document: JsonObject): Finding[] {
  const lost = [...new Set(referencesIn(document))].filter((one) => !leadsSomewhere(one, document))
  if (lost.length === 0) return []
  return [
    fault({
      id: 'openapi_references',
      seen: `${lost.length} references of openapi.json lead nowhere: ${lost.slice(0, MAX_SHOWN).map(shown).join(', ')}`,
      why: 'Importers refuse a description with such references',
      fix: 'npm run deploy -- gateway, of the version that doctor is from',
    }),
  ]
}

function checkOperations(document: JsonObject): Finding[] {
  const operations = Object.values(Object(document['paths'])).flatMap((path) =>
    Object.values(Object(path)).filter(isObject),
  )
  const long = operations.filter(({ summary, description }) =>
    [summary, description].some((text) => String(text ?? '').length > MAX_DESCRIPTION_CHARACTERS),
  )
  return [
    ...(operations.length > MAX_OPERATIONS
      ? [
          warning({
            id: 'openapi_operations',
            seen: `openapi.json has ${operations.length} operations, GPT Actions take ${MAX_OPERATIONS}`,
            why: WHY,
            fix: SPLIT,
          }),
        ]
      : []),
    ...(long.length > 0
      ? [
          warning({
            id: 'openapi_descriptions',
            seen: `${long.length} operations of openapi.json have a summary or description of more than ${MAX_DESCRIPTION_CHARACTERS} characters`,
            why: WHY,
            fix: 'npm run deploy -- gateway, of the version that doctor is from, which shortens them',
          }),
        ]
      : []),
  ]
}

function checkSize(document: JsonObject): Finding[] {
  const { length } = JSON.stringify(document)
  if (length <= MAX_DOCUMENT_CHARACTERS) return []
  return [
    warning({
      id: 'openapi_size',
      seen: `openapi.json has ${length} characters, GPT Actions take ${MAX_DOCUMENT_CHARACTERS}`,
      why: WHY,
      fix: SPLIT,
    }),
  ]
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  const { $ref } = value
  const inside = Object.values(value).flatMap(referencesIn)
  return typeof $ref === 'string' ? [$ref, ...inside] : inside
}

function leadsSomewhere(reference: string, document: JsonObject): boolean {
  if (!reference.startsWith('#/')) return reference === '#'
  let at: unknown = document
  for (const step of reference.slice(2).split('/')) {
    const key = decodeStep(step)
    if (key === undefined || !Object.hasOwn(Object(at), key)) return false
    at = Reflect.get(Object(at), key)
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
