import type { Catalogue } from '../../shared/tools.ts'

/** Of a summary or a description. */
export const MAX_DESCRIPTION_CHARACTERS = 300
const MAX_OPERATIONS = 30
const MAX_DOCUMENT_CHARACTERS = 100_000
const MAX_CALL_MS = 45_000

/**
 * Which of GPT Actions' limits the description of these tools does not keep, each as a sentence; of
 * descriptions it keeps the limit itself. `timeoutMs`: how long a backend may take. Does not look at the
 * answers, of which GPT Actions take 100,000 characters.
 */
export function brokenLimits(catalogue: Catalogue, timeoutMs: number): readonly string[] {
  const tools = [...catalogue.values()]
  const characters = tools.reduce(
    (sum, { inputSchema, outputSchema = {} }) =>
      sum + JSON.stringify(inputSchema).length + JSON.stringify(outputSchema).length,
    0,
  )
  const slow = tools.filter(
    (tool) => Math.min(tool.timeoutMs ?? timeoutMs, timeoutMs) > MAX_CALL_MS,
  )
  return [
    ...(tools.length > MAX_OPERATIONS
      ? [`${tools.length} operations of ${MAX_OPERATIONS}: name some with /openapi.json?tools=a,b`]
      : []),
    ...(characters > MAX_DOCUMENT_CHARACTERS
      ? [`schemas of ${characters} characters of ${MAX_DOCUMENT_CHARACTERS}`]
      : []),
    ...(slow.length > 0
      ? [`${slow.length} tools may take longer than 45 s: set BACKEND_TIMEOUT_MS or timeoutMs`]
      : []),
  ]
}
