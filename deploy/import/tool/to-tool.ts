import { readEntry } from '../../../shared/catalogue/entry.ts'
import { publishTool } from '../../../shared/compile-catalogue.ts'
import { ConfigError } from '../../../shared/config.ts'
import type { ApiDocument } from '../document/load-document.ts'
import { type Operation, urlPathOf } from '../document/operation.ts'
import { objectAt } from '../document/place.ts'
import { type ServerChoice, serverOf } from '../document/server.ts'
import { OperationError } from '../import-error.ts'
import { createCollector } from '../schema/schema-collector.ts'
import { accessOf, type DefaultAccess } from './access.ts'
import { toArguments } from './arguments.ts'
import { type RequestBody, readBody } from './body.ts'
import { readParameters } from './parameters.ts'
import { readResponse } from './response.ts'
import { asText, firstLine, shorten } from './text.ts'

/** The members of a tool in the catalogue, in the order in which they are written. */
export type ToolMembers = Readonly<Record<string, unknown>>

/** The options that apply to all tools. */
export interface ToolOptions extends ServerChoice {
  readonly defaultAccess: DefaultAccess
  readonly hasOutputSchemas: boolean
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete']
/** OpenAI's limit for function descriptions. Longer descriptions are truncated. */
const MAX_DESCRIPTION = 1_024
const MAX_TITLE = 100

/**
 * Converts an operation to a tool and validates it as the gateway does at startup.
 *
 * @throws OperationError with the reason if it cannot be converted.
 */
export function toTool(
  document: ApiDocument,
  operation: Operation,
  name: string,
  options: ToolOptions,
  onNote: (note: string) => void,
): ToolMembers {
  const { method } = operation
  if (!METHODS.includes(method)) {
    throw new OperationError(`the method ${method.toUpperCase()} is not supported`)
  }
  const access = accessOf(document, operation, options.defaultAccess, onNote)
  const input = createCollector(document, 'input', onNote)
  const output = createCollector(document, 'output', onNote)
  const parameters = readParameters(document, operation, input, onNote)
  const body = readBody(document, operation, input, onNote)
  const { inputSchema, ...sent } = toArguments(parameters, body, input.definitions)
  const { outputSchema, wrap } = options.hasOutputSchemas
    ? readResponse(document, operation, output, onNote)
    : {}
  const tool = {
    ...textsOf(operation, body),
    ...access,
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    annotations: hintsOf(method),
    request: {
      method: method.toUpperCase(),
      url: `${serverOf(document, operation, options)}${urlPathOf(operation)}`,
      ...(sent.parameters.length > 0 && { parameters: sent.parameters }),
      ...(sent.body !== undefined && { body: sent.body }),
      ...(wrap !== undefined && { wrap }),
    },
  }
  check(name, tool)
  return tool
}

function textsOf({ place, method, path }: Operation, body: RequestBody | undefined) {
  const { summary, description } = objectAt(place)
  const title = firstLine(asText(summary))
  const text = asText(description)
  const whole = (text.startsWith(title) ? [text] : [title, text])
    .filter((part) => part !== '')
    .map((part, index) =>
      index === 0 && !/[.!?:…]$/.test(part) && text !== '' ? `${part}.` : part,
    )
    .join('\n\n')
  const fallback = body?.object?.description ?? `${method.toUpperCase()} ${path}`
  return {
    ...(title !== '' && { title: shorten(title, MAX_TITLE) }),
    description: shorten(whole === '' ? fallback : whole, MAX_DESCRIPTION),
  }
}

/**
 * Returns hints based on the properties of the method (RFC 9110 s9.2). An API may differ, so they are
 * only a proposal.
 */
function hintsOf(method: string) {
  const readOnlyHint = method === 'get' || method === 'head'
  return {
    readOnlyHint,
    destructiveHint: !readOnlyHint && method !== 'post',
    idempotentHint: method !== 'post' && method !== 'patch',
    openWorldHint: false,
  }
}

function check(name: string, tool: ToolMembers): void {
  const { entry, faults } = readEntry(tool, {})
  const [fault] = entry === undefined ? faults : faultsOf(() => publishTool({ ...entry, name }))
  if (fault !== undefined) throw new OperationError(fault.slice(0, 300))
}

function faultsOf(act: () => unknown): readonly string[] {
  try {
    act()
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults
  }
}
