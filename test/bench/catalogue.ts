import { largeCatalogue } from '../support/large-catalogue.ts'

/** The fields of a tool that both servers under test use. */
export interface BenchTool {
  readonly name: string
  readonly description: string
  readonly scopes: readonly string[]
  readonly inputSchema: { readonly type: 'object'; readonly [keyword: string]: unknown }
}

/** A value of TOOLS: `count` tools that require a scope and validate their arguments; the first is `listEvents`. */
export function writeTools(count: number): string {
  const entries = Array.from({ length: count }, (_, index) => [
    index === 0 ? 'listEvents' : `tool${index}`,
    {
      description: `Events of the signed-in user, newest first. Variant ${index}.`,
      scopes: ['events:read'],
      inputSchema: {
        type: 'object',
        properties: {
          limit: { type: 'integer', minimum: 1, maximum: 200 },
          note: { type: 'string' },
        },
        additionalProperties: false,
      },
    },
  ])
  return JSON.stringify(Object.fromEntries(entries))
}

/** A value of TOOLS: 117 tools of about 1.2 KB each, the number and size of GitHub's tools. */
export function largeTools(): string {
  return largeCatalogue(117, 140_000).text
}

/** The catalogue of `writeTools` as a list. */
export function parseTools(text: string): readonly BenchTool[] {
  const catalogue = JSON.parse(text) as Record<string, Omit<BenchTool, 'name'>>
  return Object.entries(catalogue).map(([name, tool]) => ({ name, ...tool }))
}
