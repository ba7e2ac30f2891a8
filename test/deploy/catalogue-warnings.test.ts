import { describe, expect, test } from 'vitest'
import {
  catalogueWarnings,
  describeCatalogueWarnings,
} from '../../deploy/local/catalogue-warnings.ts'
import type { Environment } from '../../shared/config.ts'
import { parseDocument } from '../../shared/tools.ts'

const TOOLS = JSON.stringify({
  defaults: { scopes: [] },
  tools: {
    listThings: { inputschema: {} },
    listEvents: {},
    outside: { request: { method: 'GET', url: 'https://api.example.com/things' } },
    calendar: { request: { method: 'GET', url: '/calendar/v1/events' } },
    inside: { request: { method: 'GET', url: '/things' } },
    me: {
      scopes: ['openid'],
      annotations: { readOnlyHint: true },
      answeredBy: 'gateway',
      _meta: { 'openai/profile': true },
    },
  },
})

function warningsOf(env: Environment) {
  return catalogueWarnings(
    env,
    parseDocument({ TOOLS }, (tool) => tool),
  )
}

describe('the warnings of npm start', () => {
  test('name the tools of the given catalogue that the sample backends do not serve', () => {
    expect(warningsOf({ TOOLS }).toolsWithoutBackend).toEqual(['listThings', 'inside'])
    expect(describeCatalogueWarnings(warningsOf({ TOOLS }))).toBe(
      `Catalogue: tool "listThings": inputschema: unknown member, ignored. Did you mean inputSchema?
FUNCTIONS_BASE is not set. These tools have no backend: listThings, inside.
Set FUNCTIONS_BASE to the URL of your backends.
`,
    )
  })

  test('name no tool if FUNCTIONS_BASE is set or the catalogue is the sample', () => {
    const base = { TOOLS, FUNCTIONS_BASE: 'http://localhost:9000' }
    expect(warningsOf(base).toolsWithoutBackend).toEqual([])
    expect(warningsOf({}).toolsWithoutBackend).toEqual([])
  })

  test('name at most 20 tools', () => {
    const toolsWithoutBackend = Array.from({ length: 22 }, (_, index) => `t${index}`)
    const text = describeCatalogueWarnings({
      ...{ toolsWithoutBackend, ignored: [], gptActionsLimits: [] },
    })
    expect(text).toContain(' t19 and 2 more.\n')
  })
})
