import { asObject } from '../../../shared/json.ts'
import type { InputRequest } from './asked.ts'

/**
 * A kind of request that a client can declare to support, as a path in MCP's ClientCapabilities.
 */
export type Capability =
  | 'elicitation.form'
  | 'elicitation.url'
  | 'sampling'
  | 'sampling.context'
  | 'sampling.tools'
  | 'roots'

/** MCP's ClientCapabilities (2026-07-28), limited to requests to the client. */
export type ClientCapabilities = Readonly<Record<string, Readonly<Record<string, object>>>>

/** Returns the capabilities that a client declares. `elicitation: {}` means only the form mode. */
export function readCapabilities(declared: unknown): ReadonlySet<Capability> {
  const { elicitation, sampling, roots } = asObject(declared) ?? {}
  const modes = asObject(elicitation)
  const options = asObject(sampling)
  const found: Capability[] = []
  const hasUrl = asObject(modes?.['url']) !== undefined
  if (modes !== undefined && (asObject(modes['form']) || !hasUrl)) found.push('elicitation.form')
  if (hasUrl) found.push('elicitation.url')
  if (options !== undefined) found.push('sampling')
  if (asObject(options?.['context'])) found.push('sampling.context')
  if (asObject(options?.['tools'])) found.push('sampling.tools')
  if (asObject(roots)) found.push('roots')
  return new Set(found)
}

/** Returns the capabilities that a client must declare to receive this request. */
export function capabilitiesFor({ method, params = {} }: InputRequest): readonly Capability[] {
  if (method === 'roots/list') return ['roots']
  if (method === 'elicitation/create') {
    return [params['mode'] === 'url' ? 'elicitation.url' : 'elicitation.form']
  }
  const { tools, toolChoice, includeContext = 'none' } = params
  return [
    'sampling',
    ...(includeContext === 'none' ? [] : (['sampling.context'] as const)),
    ...(tools === undefined && toolChoice === undefined ? [] : (['sampling.tools'] as const)),
  ]
}

/** Returns the capabilities as MCP's ClientCapabilities. */
export function toClientCapabilities(capabilities: Iterable<Capability>): ClientCapabilities {
  const found: Record<string, Record<string, object>> = {}
  for (const capability of capabilities) {
    const [name = '', option] = capability.split('.')
    found[name] = { ...found[name], ...(option !== undefined && { [option]: {} }) }
  }
  return found
}
