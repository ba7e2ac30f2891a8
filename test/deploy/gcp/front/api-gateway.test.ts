import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import firebase from '../../../../deploy/firebase.json' with { type: 'json' }
import { apiGatewayYaml } from '../../../../deploy/gcp/api-gateway.ts'
import { type Listener, listenOnLoopback } from '../../../../deploy/kit/listen.ts'
import { type Origin, startOrigin } from '../../../../deploy/local/origin.ts'
import { type Issuer, startIssuer } from '../../../support/http/issuer.ts'
import { serveGateway } from '../../../support/http/serve.ts'

interface Operation {
  readonly operationId: string
  readonly security: unknown
  readonly 'x-google-backend': Readonly<Record<string, unknown>>
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options']
const file = new URL('../../../../deploy/api-gateway.yaml', import.meta.url)
const spec: { swagger: string; paths: Record<string, Record<string, Operation>> } = parse(
  readFileSync(file, 'utf8'),
)
const paths = Object.keys(spec.paths)
const services = new Set(firebase.hosting.rewrites.map(({ run }) => run.serviceId))
const started: Listener[] = []
let origin: Origin

beforeAll(async () => {
  const listening = [...services].map(async (name) => {
    const listener = await listenOnLoopback(0, (_, res) => res.end(name))
    started.push(listener)
    return [name, { port: async () => listener.port }] as const
  })
  origin = await startOrigin({ port: 0, services: new Map(await Promise.all(listening)) })
})
afterAll(() => Promise.all([origin, ...started].map((listener) => listener.close())))

const operationsOf = (path: string) =>
  METHODS.map((method) => spec.paths[path]?.[method]).filter((found) => found !== undefined)
const serviceOf = (path: string) =>
  /^https:\/\/([a-z-]+)-PROJECT_NUMBER\.REGION\.run\.app$/.exec(
    String(operationsOf(path)[0]?.['x-google-backend']['address']),
  )?.[1]

test('deploy/api-gateway.yaml is the output of api-gateway.ts (update it with vitest -u)', async () => {
  await expect(apiGatewayYaml()).toMatchFileSnapshot('../../../../deploy/api-gateway.yaml')
})

describe.each(paths)('the path %s of API Gateway', (path) => {
  test('has the same function as on Hosting for every method', async () => {
    const url = `http://localhost:${origin.port}${path.replace('{toolName}', 'listEvents')}`
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE']) {
      expect(await (await fetch(url, { method })).text()).toBe(serviceOf(path))
    }
    expect(operationsOf(path)).toHaveLength(METHODS.length)
  })

  test('passes Authorization through, requires no credentials and has the timeout of Hosting', () => {
    for (const operation of operationsOf(path)) {
      expect(operation.security).toEqual([])
      expect(operation['x-google-backend']).toEqual({
        address: `https://${serviceOf(path)}-PROJECT_NUMBER.REGION.run.app`,
        path_translation: 'APPEND_PATH_TO_ADDRESS',
        deadline: 60,
        disable_auth: true,
      })
    }
  })
})

test('API Gateway has a path for every rewrite of Hosting', () => {
  const sources = firebase.hosting.rewrites.map(({ source }) => source)
  // The last rewrites match all other paths, and the dotfiles that `**` does not match. API Gateway
  // answers these paths itself, in JSON.
  expect(sources.splice(-3)).toEqual(['**', '**/.*', '**/.*/**'])
  for (const source of sources) {
    const matches = paths.filter((path) =>
      source.endsWith('/**') ? path.startsWith(source.slice(0, -2)) : path === source,
    )
    expect(matches, source).not.toEqual([])
  }
})

test('all operations have different ids', () => {
  const ids = paths.flatMap((path) => operationsOf(path).map(({ operationId }) => operationId))
  expect(new Set(ids).size).toBe(ids.length)
  expect(spec.swagger).toBe('2.0')
})

describe("the gateway at its function's own URL ignores headers that a proxy may set", () => {
  let issuer: Issuer
  beforeAll(async () => {
    issuer = await startIssuer()
  })
  afterAll(() => issuer[Symbol.asyncDispose]())

  test.each(['x-forwarded-authorization', 'x-serverless-authorization'])(
    'for example %s',
    async (name) => {
      await using served = await serveGateway({ issuer: issuer.url, functionsBase: issuer.url })
      const answer = await served.send({
        method: 'POST',
        path: '/tools/listEvents',
        headers: {
          'content-type': 'application/json',
          [name]: `Bearer ${await issuer.token()}`,
          'x-apigateway-api-userinfo': Buffer.from('{"sub":"auth0|alice"}').toString('base64url'),
          'x-forwarded-host': 'evil.example',
        },
        body: {},
      })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('evil.example')
    },
  )
})
