import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { callTool } from '../../../support/gateway/rest.ts'
import { ALL_PRIVATE, gatewayStack } from '../../../support/gateway/stack.ts'
import { TOOLS } from '../../../support/http/serve.ts'

type Json = Readonly<Record<string, unknown>>

const { issuer, start } = await gatewayStack()

describe('GET /openapi.json', () => {
  interface Operation {
    readonly operationId: string
    readonly security: readonly Readonly<Record<string, readonly string[]>>[]
    readonly requestBody: { readonly content: Content }
    readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  }
  type Content = Readonly<Record<string, { readonly schema: Json }>>
  interface Description {
    readonly openapi: string
    readonly info: { readonly title: string; readonly version: string }
    readonly servers: readonly { readonly url: string }[]
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
    readonly components: Json & {
      readonly securitySchemes: Readonly<Record<string, Json>>
    }
  }

  async function describedBy(env: Readonly<Record<string, string>> = {}): Promise<Description> {
    const answer = await (await start(env)).send({ path: '/openapi.json' })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    return answer.json()
  }

  test('describes each tool with its own schemas', async () => {
    const description = await describedBy()
    expect(description.openapi).toMatch(/^3\.1\.\d+$/)
    expect(description.info.title).not.toBe('')
    expect(description.info.version).not.toBe('')
    expect(description.servers).toEqual([{ url: 'https://mcp.test' }])
    expect(Object.keys(description.paths)).toEqual(
      Object.keys(TOOLS).map((name) => `/tools/${name}`),
    )
    const ids = Object.values(description.paths).map(({ post }) => post?.operationId)
    expect(ids).toEqual(Object.keys(TOOLS))
    const listEvents = description.paths['/tools/listEvents']?.['post']
    expect(listEvents?.requestBody.content['application/json']?.schema).toEqual(
      TOOLS.listEvents.inputSchema,
    )
    expect(listEvents?.responses['200']?.content?.['application/json']?.schema).toEqual(
      TOOLS.listEvents.outputSchema,
    )
    expect(listEvents).toMatchObject({ 'x-openai-isConsequential': false })
    expect(description.paths['/tools/addEvent']?.['post']).toMatchObject({
      'x-openai-isConsequential': true,
    })
  })

  test('defines every scope and security scheme that it uses', async () => {
    const { paths, components } = await describedBy()
    const scheme = components.securitySchemes['auth0'] as {
      readonly flows: { readonly authorizationCode: Json & { readonly scopes: Json } }
    }
    const { authorizationCode } = scheme.flows
    expect(authorizationCode).toMatchObject({
      authorizationUrl: `${issuer.url}authorize?audience=https%3A%2F%2Fmcp.test%2Fmcp`,
      tokenUrl: `${issuer.url}oauth/token`,
    })
    for (const [path, { post }] of Object.entries(paths)) {
      const tool = path.slice('/tools/'.length) as keyof typeof TOOLS
      const needed = [...TOOLS[tool].scopes].sort()
      expect(post?.security).toEqual(needed.length === 0 ? [] : [{ auth0: needed }])
      for (const scope of needed) expect(authorizationCode.scopes).toHaveProperty([scope])
    }
  })

  test('has schemas that compile and references that resolve', async () => {
    const description = await describedBy()
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addSchema({ ...description, $id: 'openapi' })
    for (const { post } of Object.values(description.paths)) {
      if (post === undefined) throw new Error('a path without post')
      const contents = [
        post.requestBody.content,
        ...Object.values(post.responses).map(({ content }) => content ?? {}),
      ]
      expect(Object.keys(post.responses)).toEqual(expect.arrayContaining(['200', '401', '403']))
      for (const { schema } of contents.flatMap((content) => Object.values(content))) {
        const { $ref } = schema
        if (typeof $ref === 'string') expect(ajv.getSchema(`openapi${$ref}`)).toBeDefined()
        else expect(() => ajv.compile(schema)).not.toThrow()
      }
    }
  })

  test('has a Problem schema that matches an error of the gateway', async () => {
    const served = await start()
    const description = (await served.send({ path: '/openapi.json' })).json<object>()
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ ...description, $id: 'openapi' })
    const validate = ajv.getSchema('openapi#/components/schemas/Problem')
    const refused = await callTool(served, 'listEvents')
    expect(validate?.(refused.json())).toBe(true)
  })

  test.each(['HEAD', 'OPTIONS', 'POST'])('allows any origin for %s', async (method) => {
    const answer = await (await start()).send({ method, path: '/openapi.json' })
    expect(answer.status).toBe({ HEAD: 200, OPTIONS: 204, POST: 405 }[method])
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  })

  test('requires no token even if no tool is public', async () => {
    expect(Object.keys((await describedBy(ALL_PRIVATE)).paths)).toHaveLength(3)
  })
})
