import { describe, expect, test } from 'vitest'
import type { Gcloud } from '../../../deploy/gcp/gcloud.ts'
import { type Backend, guessBackends, readBackends } from '../../../deploy/gcp/plan/backends.ts'
import { calledBackends } from '../../../deploy/gcp/plan/called-backends.ts'

const BASE = 'https://us-central1-acme-tools.cloudfunctions.net'
const settings = { project: 'acme-prod', region: 'us-central1', minInstances: 0, maxInstances: 1 }
const path = (name: string) => ({ name, in: 'path' })
const inputSchema = { type: 'object', properties: { id: { type: 'string' } } }
const PROFILE = {
  answeredBy: 'gateway',
  inputSchema: { type: 'object' },
  annotations: { readOnlyHint: true },
  _meta: { 'openai/profile': true },
}
const TOOLS = {
  defaults: { scopes: ['a'], inputSchema },
  tools: {
    plain: {},
    profile: PROFILE,
    order: { request: { url: '/orders/{id}', parameters: [path('id')] } },
    cancel: { request: { method: 'DELETE', url: 'orders/{id}?now=1', parameters: [path('id')] } },
    whole: { request: { url: `${BASE}/stock/levels` } },
    elsewhere: { request: { url: 'https://api.other.example/plain' } },
    sister: {
      request: { url: 'https://us-central1-acme-tools.cloudfunctions.net.other.example/x' },
    },
  },
  resources: {
    'docs://handbook': { request: { url: '/docs/handbook' } },
    'docs://note': { text: 'Hello.' },
  },
}
const env = (tools: object = TOOLS, base = BASE, auth = 'google') => ({
  BACKEND_AUTH: auth,
  FUNCTIONS_BASE: base,
  TOOLS: JSON.stringify(tools),
})
const servicesOf = (backends: readonly Backend[]) => backends.map(({ service }) => service)

/** A gcloud for which every function exists, with a service of the same name. */
const gcloud: Gcloud = {
  describe: async (...args) =>
    args[1] === 'describe' ? { serviceConfig: { service: `services/${args[2]}` } } : undefined,
  list: async () => [
    {
      metadata: { name: 'my-tools', labels: { 'cloud.googleapis.com/location': 'europe-west1' } },
      status: { url: 'https://my-tools-123456789.europe-west1.run.app' },
    },
  ],
}

describe('the backends that the gateway calls with its Google identity', () => {
  test('are the functions below FUNCTIONS_BASE that tools and resources call, each once', async () => {
    const called = calledBackends(env())
    const names = ['plain', 'orders', 'stock', 'docs']
    const notes: string[] = []
    const read = await readBackends(BASE, called, settings, gcloud, (note) => notes.push(note))
    expect(servicesOf(read)).toEqual(names)
    expect(servicesOf(guessBackends(BASE, called, settings))).toEqual(names)
    expect(notes).toEqual([])
  })

  test('are one function if FUNCTIONS_BASE contains its name', () => {
    const base = `${BASE}/api/v1/`
    const { whole: _, ...tools } = TOOLS.tools
    const called = calledBackends(env({ ...TOOLS, tools }, base))
    expect(servicesOf(guessBackends(base, called, settings))).toEqual(['api'])
  })

  test('are one service on run.app, even if the path starts with an argument', async () => {
    const base = 'https://my-tools-123456789.europe-west1.run.app'
    const tools = {
      any: { scopes: ['a'], inputSchema, request: { url: '/{id}', parameters: [path('id')] } },
    }
    const called = calledBackends(env(tools, base))
    const notes: string[] = []
    const read = await readBackends(base, called, settings, gcloud, (note) => notes.push(note))
    expect(servicesOf(read)).toEqual(['my-tools'])
    expect(notes).toEqual([])
  })

  test('exclude functions that an argument names and print a note about them', async () => {
    const tools = {
      any: { scopes: ['a'], inputSchema, request: { url: '/{id}', parameters: [path('id')] } },
    }
    const notes: string[] = []
    const called = calledBackends(env(tools))
    expect(await readBackends(BASE, called, settings, gcloud, (note) => notes.push(note))).toEqual(
      [],
    )
    expect(notes).toEqual([expect.stringContaining('the tool any calls')])
  })

  test('are empty if no tool calls a URL below FUNCTIONS_BASE', async () => {
    const { profile, elsewhere } = TOOLS.tools
    const tools = { defaults: TOOLS.defaults, tools: { profile, elsewhere } }
    const base = 'https://tools.acme.example'
    const called = calledBackends(env(tools, base))
    expect(called).toEqual([])
    expect(await readBackends(base, called, settings, gcloud, () => undefined)).toEqual([])
    expect(guessBackends(base, called, settings)).toEqual([])
  })

  test('are empty if BACKEND_AUTH is none', () => {
    expect(calledBackends(env(TOOLS, BASE, 'none'))).toEqual([])
  })
})
