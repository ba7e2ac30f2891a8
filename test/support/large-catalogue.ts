/** A catalogue of the size of a real server, with its text for TOOLS. */
export interface LargeCatalogue {
  /** All tools except the first, `about`, require a scope. */
  readonly tools: Readonly<Record<string, LargeTool>>
  readonly text: string
}

export interface LargeTool {
  readonly description: string
  readonly scopes: readonly string[]
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, unknown>>
}

const AREAS = ['issues', 'pulls', 'files', 'actions', 'users', 'teams', 'search']
const WORDS =
  'Lists, filters and sorts what the signed-in user may see; pages are one hundred entries long. '

/** A catalogue of `count` tools and about `bytes` bytes of JSON, mostly descriptions and schemas. */
export function largeCatalogue(count: number, bytes: number): LargeCatalogue {
  const share = bytes / count
  const tools = Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const area = AREAS[index % AREAS.length] ?? ''
      return index === 0
        ? (['about', tool([], share)] as const)
        : ([`${area}_operation_${index}`, tool([`${area}:read`], share)] as const)
    }),
  )
  return { tools, text: JSON.stringify(tools) }
}

function tool(scopes: readonly string[], bytes: number): LargeTool {
  const bare = {
    description: '',
    scopes,
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What to look for.', maxLength: 500 },
        page: { type: 'integer', minimum: 1, description: 'Page, from 1.' },
        sort: { type: 'string', enum: ['created', 'updated', 'comments'] },
        labels: { type: 'array', items: { type: 'string', minLength: 1 }, maxItems: 50 },
      },
    },
    annotations: { readOnlyHint: true, title: 'Operation' },
  }
  const length = Math.max(0, Math.round(bytes - JSON.stringify(bare).length - 30))
  return { ...bare, description: WORDS.repeat(length / WORDS.length + 1).slice(0, length) }
}
