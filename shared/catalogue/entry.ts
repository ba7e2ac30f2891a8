import '../schema-messages.ts'

import * as z from 'zod/mini'
import { asObject } from '../json.ts'
import type { JsonSchema } from '../json-schema/schema.ts'
import { lazily } from '../lazily.ts'
import { didYouMean } from '../nearest.ts'
import { type AccessRule, ruleOfSchemes, ruleOfScopes, schemeList, scopeList } from './access.ts'
import { readBackendAuth, type ToolBackendAuth } from './backend-auth.ts'
import { issueText } from './issue-text.ts'
import { readRequest } from './request.ts'
import type { ToolRequest } from './request-schema.ts'
import { unknownMember } from './unknown-member.ts'

type Schemas = ReturnType<typeof schemas>

/** MCP's ToolAnnotations: hints about the effect of a tool, which the gateway does not enforce. */
export type ToolAnnotations = z.output<Schemas['annotations']>

/** How often a tool may be called per minute, by each user (the default) or by all users together. */
export type ToolRateLimit = z.output<Schemas['rateLimit']>

/** A checked tool of the catalogue. Its schemas are not checked. */
export interface ToolEntry extends AccessRule {
  readonly title?: string | undefined
  readonly description: string
  readonly inputSchema: JsonSchema
  readonly outputSchema?: JsonSchema | undefined
  readonly annotations?: ToolAnnotations | undefined
  readonly icons?: readonly Readonly<Record<string, unknown>>[] | undefined
  readonly execution?: Readonly<Record<string, unknown>> | undefined
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
  readonly timeoutMs?: number | undefined
  /**
   * How the gateway calls the backend. Default: `POST FUNCTIONS_BASE/{name}` with the arguments as JSON.
   */
  readonly request?: ToolRequest | undefined
  /** The credentials for the backend. Default: only the signed assertion. */
  readonly backendAuth?: ToolBackendAuth | undefined
  readonly rateLimit?: ToolRateLimit | undefined
  /** `gateway`: the gateway answers from the token, without a backend. */
  readonly answeredBy?: 'gateway' | 'backend' | undefined
  /** Whether `format` is an assertion. By default it is an annotation (JSON Schema Validation s7.2.1). */
  readonly formatAssertion?: boolean | undefined
}

/** The result of `readEntry`: an entry, or faults, or neither if the access is missing. */
export interface ReadEntry {
  readonly entry?: ToolEntry
  /** False if neither the tool nor the defaults define who may call it. */
  readonly saysAccess: boolean
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

const schemas = lazily(() => {
  const flag = z.optional(z.boolean())
  const annotations = z.object({
    title: z.optional(z.string()),
    readOnlyHint: flag,
    destructiveHint: flag,
    idempotentHint: flag,
    openWorldHint: flag,
  })
  const rateLimit = z.strictObject({
    perMinute: z.int().check(z.gte(1), z.lte(1_000_000)),
    per: z._default(z.enum(['user', 'all']), 'user'),
  })
  const tool = z.object({
    title: z.optional(z.string()),
    description: z._default(z.string(), ''),
    scopes: z.optional(scopeList()),
    securitySchemes: z.optional(schemeList()),
    inputSchema: z._default(z.looseObject({ type: z.literal('object') }), { type: 'object' }),
    outputSchema: z.optional(z.looseObject({})),
    annotations: z.optional(annotations),
    icons: z.optional(z.array(z.looseObject({ src: z.string() }))),
    execution: z.optional(z.looseObject({})),
    _meta: z.optional(z.record(z.string(), z.unknown())),
    timeoutMs: z.optional(z.int().check(z.gte(1), z.lte(600_000))),
    rateLimit: z.optional(rateLimit),
    request: z.optional(z.unknown()),
    answeredBy: z.optional(z.enum(['gateway', 'backend'])),
    backendAuth: z.optional(z.unknown()),
    formatAssertion: flag,
  })
  return { annotations, rateLimit, tool }
})
const ACCESS_MEMBERS = ['scopes', 'securitySchemes']

/**
 * Reads one entry. `defaults` fill in members that it does not set; an entry that sets `scopes` or
 * `securitySchemes` inherits neither. Null counts as absent, because some serializers write it for an
 * absent member. An unknown member is ignored with a warning.
 */
export function readEntry(value: unknown, defaults: Readonly<Record<string, unknown>>): ReadEntry {
  const own = withMirroredSchemes(asObject(value))
  const given =
    own === undefined ? value : { ...inheritedDefaults(defaults, own), ...withoutNulls(own) }
  const parsed = schemas().tool.safeParse(given, { jitless: true })
  const warnings = own === undefined ? [] : unknownMembers(own, given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'entry'}: ${issueText(issue, given)}`,
    )
    return { saysAccess: true, faults, warnings }
  }
  const { scopes, securitySchemes, execution, request: asked, backendAuth, ...rest } = parsed.data
  const { request, faults } =
    asked === undefined ? { faults: [] } : readRequest(asked, rest.inputSchema)
  if (faults.length > 0) return { saysAccess: true, faults, warnings }
  const byScopes = scopes && ruleOfScopes(scopes)
  const bySchemes = securitySchemes && ruleOfSchemes(securitySchemes)
  const rule = bySchemes ?? byScopes
  if (rule === undefined) return { saysAccess: false, faults: misspelledAccess(own), warnings }
  if (byScopes !== undefined && !isSame(rule, byScopes)) {
    const fault = 'scopes and securitySchemes say different things: keep one of them'
    return { saysAccess: true, faults: [fault], warnings }
  }
  const authority =
    backendAuth === undefined ? { faults: [] } : readBackendAuth(backendAuth, { ...rule, request })
  if (authority.faults.length > 0) return { saysAccess: true, faults: authority.faults, warnings }
  // This server does not support tasks; a client that expects them would wait for one.
  const hasTasks =
    execution !== undefined && (execution['taskSupport'] ?? 'forbidden') !== 'forbidden'
  return {
    entry: {
      ...rest,
      ...rule,
      ...(execution !== undefined && !hasTasks && { execution }),
      ...(request !== undefined && { request }),
      ...(authority.backendAuth !== undefined && { backendAuth: authority.backendAuth }),
    },
    saysAccess: true,
    faults: [],
    warnings: hasTasks ? [...warnings, 'execution: tasks are not supported, ignored'] : warnings,
  }
}

function withoutNulls(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const written = Object.entries(entry).filter(([, member]) => member !== null)
  return Object.fromEntries(
    written.map(([name, member]) => {
      const hints = name === 'annotations' ? asObject(member) : undefined
      return [name, hints === undefined ? member : withoutNulls(hints)]
    }),
  )
}

/** Returns the defaults of an entry, without those of access if the entry defines its access. */
function inheritedDefaults(
  defaults: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const saysAccess = [own['scopes'], own['securitySchemes']].some((member) => member != null)
  return Object.fromEntries(
    Object.entries(withoutNulls(defaults)).filter(
      ([name]) => !(saysAccess && (name === 'scopes' || name === 'securitySchemes')),
    ),
  )
}

function unknownMembers(own: Readonly<Record<string, unknown>>, given: unknown): string[] {
  const { annotations, tool } = schemas()
  const names = Object.keys(own).filter((name) => !Object.hasOwn(tool.shape, name))
  const hints = Object.keys(asObject(asObject(given)?.['annotations']) ?? {})
  return [
    ...names.map((name) => unknownMember(name, Object.keys(tool.shape))),
    ...hints
      .filter((name) => !Object.hasOwn(annotations.shape, name))
      .map((name) => unknownMember(name, Object.keys(annotations.shape), 'annotations.')),
  ]
}

/** Returns a fault for each unknown member that is probably meant to define the access. */
function misspelledAccess(own: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.keys(own)
    .filter((name) => didYouMean(name, ACCESS_MEMBERS) !== '')
    .map((name) => unknownMember(name, ACCESS_MEMBERS))
}

/**
 * Reads `securitySchemes` from `_meta` too, as ChatGPT does, because some SDKs drop the member itself.
 */
function withMirroredSchemes(own: Readonly<Record<string, unknown>> | undefined) {
  const { scopes, securitySchemes, _meta } = own ?? {}
  if (scopes != null || securitySchemes != null) return own
  const mirror = asObject(_meta)?.['securitySchemes']
  return mirror == null ? own : { ...own, securitySchemes: mirror }
}

function isSame(one: AccessRule, other: AccessRule): boolean {
  return one.access === other.access && one.scopes.join(' ') === other.scopes.join(' ')
}
