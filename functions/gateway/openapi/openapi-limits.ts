import type { Catalogue } from '../../../shared/tools.ts'

/** Of a summary or a description. */
export const MAX_DESCRIPTION_CHARACTERS = 300
export const MAX_OPERATIONS = 30
export const MAX_DOCUMENT_CHARACTERS = 100_000
/** What an operation takes besides its schemas: the document is made only when it is asked for. */
const OPERATION_CHARACTERS = 1_000
const SPLIT = 'import /openapi.json?tools=a,b'

/**
 * Which of GPT Actions' limits the description of these tools does not keep, each as a sentence. It
 * keeps the one of descriptions itself, and the REST endpoint the 45 seconds that a call may take. Does
 * not look at the answers, of which GPT Actions take 100,000 characters.
 */
export function brokenLimits(catalogue: Catalogue): readonly string[] {
  const characters = [...catalogue.values()].reduce(
    (sum, { inputSchema, outputSchema = {} }) =>
      sum + JSON.stringify([inputSchema, outputSchema]).length + OPERATION_CHARACTERS,
    0,
  )
  return [
    ...(catalogue.size > MAX_OPERATIONS
      ? [`${catalogue.size} operations, of which GPT Actions take ${MAX_OPERATIONS}: ${SPLIT}`]
      : []),
    ...(characters > MAX_DOCUMENT_CHARACTERS
      ? [
          `about ${characters} characters, of which GPT Actions take ${MAX_DOCUMENT_CHARACTERS}: ${SPLIT}`,
        ]
      : []),
  ]
}
