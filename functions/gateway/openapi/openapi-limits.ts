import type { Catalogue } from '../../../shared/tools.ts'

/** The maximum length of a summary or a description. */
export const MAX_DESCRIPTION_CHARACTERS = 300
export const MAX_OPERATIONS = 30
export const MAX_DOCUMENT_CHARACTERS = 100_000
/**
 * An estimate for one operation without its schemas. The document itself is only created on
 * request.
 */
const OPERATION_CHARACTERS = 1_000
const ADVICE = 'import /openapi.json?tools=a,b'

/**
 * Returns one sentence for each limit of GPT Actions that the OpenAPI description of these tools
 * exceeds. Descriptions are always shortened to their limit, and the REST endpoint keeps the limit
 * of 45 seconds per call. Does not check responses, which GPT Actions limit to 100,000 characters.
 */
export function brokenLimits(catalogue: Catalogue): readonly string[] {
  const characters = [...catalogue.values()].reduce(
    (sum, { inputSchema, outputSchema = {} }) =>
      sum + JSON.stringify([inputSchema, outputSchema]).length + OPERATION_CHARACTERS,
    0,
  )
  return [
    ...(catalogue.size > MAX_OPERATIONS
      ? [
          `${catalogue.size} operations exceed the GPT Actions limit of ${MAX_OPERATIONS}: ${ADVICE}`,
        ]
      : []),
    ...(characters > MAX_DOCUMENT_CHARACTERS
      ? [
          `about ${characters} characters exceed the GPT Actions limit of ${MAX_DOCUMENT_CHARACTERS}: ${ADVICE}`,
        ]
      : []),
  ]
}
