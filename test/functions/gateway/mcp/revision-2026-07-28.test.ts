import { describe, expect, test } from 'vitest'
import { post, postStateless } from '../../../support/gateway/mcp.ts'
import { gatewayStack } from '../../../support/gateway/stack.ts'
import { handshakeMessage, statelessRequest } from '../../../support/http/serve.ts'

const { backend, start } = await gatewayStack()

describe('revision 2026-07-28', () => {
  test.each([
    { field: 'mcp-protocol-version', value: undefined },
    { field: 'mcp-protocol-version', value: '2025-11-25' },
    { field: 'mcp-method', value: undefined },
    { field: 'mcp-method', value: 'tools/list' },
    { field: 'mcp-method', value: 'Tools/Call' },
    { field: 'mcp-name', value: undefined },
    { field: 'mcp-name', value: 'listEvents' },
    { field: 'mcp-name', value: 'ABOUT' },
    { field: 'mcp-name', value: '=?base64?bGlzdEV2ZW50cw==?=' },
    { field: 'mcp-name', value: '=?base64?not base64?=' },
    { field: 'mcp-name', value: ['about', 'about'] },
  ])(
    'the header field $field with the value $value gets 400 with error -32020',
    async ({ field, value }) => {
      const served = await start()
      const request = statelessRequest('tools/call', { name: 'about', arguments: {} })
      const { [field]: _, ...others } = request.headers as Record<string, string>
      const headers = { ...others, ...(value !== undefined && { [field]: value }) }
      const answer = await post(served, request.body, headers)
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ id: 1, error: { code: -32020 } })
      expect(backend.calls).toEqual([])
    },
  )

  test('Mcp-Name can be encoded in base64', async () => {
    const headers = { 'mcp-name': `=?base64?${Buffer.from('about').toString('base64')}?=` }
    const params = { name: 'about', arguments: {} }
    const answer = await postStateless(await start(), 'tools/call', params, headers)
    expect(answer.status).toBe(200)
  })

  test.each(['2026-08-01', '1900-01-01', '2024-11-05', 'latest'])(
    'the version %s gets 400 with error -32022 and the supported versions',
    async (version) => {
      const served = await start()
      const { body } = statelessRequest('tools/list')
      const meta = { ...body.params._meta, 'io.modelcontextprotocol/protocolVersion': version }
      const headers = { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' }
      const message = { ...body, params: { _meta: meta } }
      for (const answer of [
        await post(served, message, headers),
        await post(served, handshakeMessage('tools/list'), headers),
      ]) {
        expect(answer.status).toBe(400)
        expect(answer.json()).toMatchObject({
          id: 1,
          error: {
            code: -32022,
            data: { supported: expect.arrayContaining(['2026-07-28']), requested: version },
          },
        })
      }
    },
  )

  test.each([
    { name: 'no _meta', meta: undefined },
    { name: 'an empty _meta', meta: {} },
    {
      name: 'no capabilities',
      meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
    },
    {
      name: 'a version that is not a string',
      meta: {
        'io.modelcontextprotocol/protocolVersion': 20260728,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  ])('an incomplete _meta gets 400 with error -32602: $name', async ({ meta }) => {
    const { body, headers } = statelessRequest('tools/list')
    const message = { ...body, params: meta === undefined ? {} : { _meta: meta } }
    const answer = await post(await start(), message, headers)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ id: 1, error: { code: -32602 } })
  })

  test.each(['no/such', 'ping', 'initialize', 'resources/list', 'toString'])(
    'the unknown method %s gets 404 with error -32601',
    async (method) => {
      const answer = await postStateless(await start(), method)
      expect(answer.status).toBe(404)
      expect(answer.json()).toMatchObject({ id: 1, error: { code: -32601 } })
    },
  )

  test('a notification gets 202 without a body', async () => {
    const { body, headers } = statelessRequest('notifications/cancelled')
    const { id: _, ...notification } = body
    const answer = await post(await start(), notification, headers)
    expect(answer.status).toBe(202)
    expect(answer.text).toBe('')
  })

  test('a batch gets 400 without a call', async () => {
    const { body, headers } = statelessRequest('tools/call', { name: 'about' })
    const answer = await post(await start(), [body], headers)
    expect(answer.status).toBe(400)
    expect(backend.calls).toEqual([])
  })
})
