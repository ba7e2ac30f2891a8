/**
 * The reference server: the official SDK on Express, its bearer check with `jose`, one low-level server
 * per request as `createMcpHandler` makes it, and `fetch` to the backend.
 */
import { requireBearerAuth } from '@modelcontextprotocol/express'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, OAuthError, OAuthErrorCode, Server } from '@modelcontextprotocol/server'
import express from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { parseTools } from './catalogue.ts'

const { PORT, OAUTH_ISSUER = '', OAUTH_AUDIENCE = '', FUNCTIONS_BASE, TOOLS = '' } = process.env
const tools = parseTools(TOOLS)
const jwks = createRemoteJWKSet(new URL('.well-known/jwks.json', OAUTH_ISSUER))

const verifier = {
  verifyAccessToken: async (token: string) => {
    const { payload } = await jwtVerify(token, jwks, {
      issuer: OAUTH_ISSUER,
      audience: OAUTH_AUDIENCE,
      algorithms: ['RS256'],
      requiredClaims: ['sub', 'exp'],
    }).catch(() => {
      throw new OAuthError(OAuthErrorCode.InvalidToken, 'Invalid token')
    })
    const { client_id: clientId, scope, exp = 0 } = payload
    return {
      token,
      clientId: String(clientId),
      scopes: String(scope).split(' '),
      expiresAt: exp,
    }
  },
}

const handler = createMcpHandler(
  () => {
    const server = new Server(
      { name: 'reference', version: '1.0.0' },
      { capabilities: { tools: {} } },
    )
    server.setRequestHandler('tools/list', () => ({
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        inputSchema,
      })),
    }))
    server.setRequestHandler('tools/call', async ({ params }, { http }) => {
      const tool = tools.find(({ name }) => name === params.name)
      const granted = http?.authInfo?.scopes ?? []
      if (tool === undefined || !tool.scopes.every((scope) => granted.includes(scope))) {
        return { isError: true, content: [{ type: 'text', text: 'Not allowed' }] }
      }
      const answer = await fetch(`${FUNCTIONS_BASE}/${tool.name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(params.arguments),
      })
      const value: unknown = await answer.json()
      return { content: [{ type: 'text', text: JSON.stringify(value) }] }
    })
    return server
  },
  { responseMode: 'json' },
)
const node = toNodeHandler(handler)

express()
  .use(express.json({ limit: '1mb' }))
  .post('/mcp', requireBearerAuth({ verifier }), (req, res) => node(req, res, req.body))
  .listen(Number(PORT), '127.0.0.1')
