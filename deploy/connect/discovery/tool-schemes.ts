/** One way to call a tool, as ChatGPT reads it. */
export interface Scheme {
  readonly type?: unknown
  readonly scopes?: unknown
}

/**
 * What a listed tool needs, from the mirror of its security schemes in `_meta`: the SDK drops the member
 * itself. Empty when the tool does not say.
 */
export function schemesOf({
  _meta,
}: {
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
}): readonly Scheme[] {
  const schemes = _meta?.['securitySchemes']
  return Array.isArray(schemes) ? schemes.map((scheme: unknown) => Object(scheme)) : []
}

/** Whether the tool can be called without signing in. */
export function isOpen(schemes: readonly Scheme[]): boolean {
  return schemes.some(({ type }) => type === 'noauth')
}
