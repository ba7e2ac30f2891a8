import { once } from 'node:events'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { listen } from '../http/listen.ts'
import { inPackage } from './packages.ts'
import type { Place, RealClient } from './real-client.ts'

/** The part of `@ai-sdk/mcp` that is used here. */
interface AiSdk {
  readonly createMCPClient: (config: {
    readonly transport: {
      readonly type: 'http'
      readonly url: string
      readonly authProvider: object
    }
  }) => Promise<{
    readonly tools: () => Promise<Readonly<Record<string, AiTool>>>
    readonly close: () => Promise<void>
  }>
  readonly auth: (
    provider: object,
    options: {
      readonly serverUrl: string
      readonly authorizationCode?: string | undefined
      readonly callbackState?: string | undefined
      readonly callbackIssuer?: string | undefined
    },
  ) => Promise<'AUTHORIZED' | 'REDIRECT'>
  readonly UnauthorizedError: new () => Error
}

interface AiTool {
  readonly execute: (args: object, options: object) => Promise<unknown>
}

/** An application with `@ai-sdk/mcp`, which signs in when the library throws UnauthorizedError. */
export const AI_SDK: RealClient = {
  name: '@ai-sdk/mcp',
  manners: {
    windowsAtExpiry: 1,
    stepUp: { shows: 'This tool needs: events:write', windows: 1 },
    windowsAtPublicTool: 0,
  },
  start: async (place) => {
    const sdk: AiSdk = await import(pathToFileURL(inPackage('@ai-sdk/mcp', 'dist/index.js')).href)
    const { provider, returned, close } = await startProvider(place)
    const transport = { type: 'http', url: place.url, authProvider: provider } as const
    const attempt = async (tool: string, args: object) => {
      const client = await sdk.createMCPClient({ transport })
      try {
        const tools = await client.tools()
        const options = { toolCallId: 'call', messages: [] }
        return JSON.stringify(await tools[tool]?.execute(args, options))
      } finally {
        await client.close()
      }
    }
    const attemptAndSignIn = async (tool: string, args: object) => {
      try {
        return await attempt(tool, args)
      } catch (error) {
        if (!causesOf(error).some((one) => one instanceof sdk.UnauthorizedError)) throw error
        const answer = await returned()
        await sdk.auth(provider, {
          serverUrl: place.url,
          authorizationCode: answer.get('code') ?? undefined,
          callbackState: answer.get('state') ?? undefined,
          callbackIssuer: answer.get('iss') ?? undefined,
        })
        return await attempt(tool, args)
      }
    }
    return {
      call: (tool, args = {}) =>
        attemptAndSignIn(tool, args).catch((error) => causesOf(error).map(String).join('\n')),
      // The library has no command for a new sign-in, so the application deletes the tokens.
      signIn: async () => provider.invalidateCredentials('tokens'),
      [Symbol.asyncDispose]: close,
    }
  },
}

function causesOf(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : []
}

/** The OAuth provider of an application for one user, with its callback. */
async function startProvider({ machine }: Place) {
  const server = createServer((_, res) => res.end('Signed in.'))
  const listening = await listen(server)
  const redirectUrl = `${listening.url}/callback`
  const stored = new Map<string, unknown>()
  let callback: Promise<URLSearchParams> | undefined
  const keep = (name: string) => (value: unknown) => void stored.set(name, value)
  const provider = {
    redirectUrl,
    clientMetadata: {
      client_name: 'An application',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    tokens: () => stored.get('tokens'),
    saveTokens: keep('tokens'),
    clientInformation: () => stored.get('client'),
    saveClientInformation: keep('client'),
    isClientInformationDynamicallyRegistered: () => true,
    authorizationServerInformation: () => stored.get('server'),
    saveAuthorizationServerInformation: keep('server'),
    codeVerifier: () => stored.get('verifier'),
    saveCodeVerifier: keep('verifier'),
    state: () => crypto.randomUUID(),
    saveState: keep('state'),
    storedState: () => stored.get('state'),
    invalidateCredentials: (what: string) => {
      if (what === 'tokens') stored.delete('tokens')
      else stored.clear()
    },
    redirectToAuthorization: (url: URL) => {
      callback = once(server, 'request').then(
        ([{ url: path = '' }]) => new URL(path, redirectUrl).searchParams,
      )
      machine.browser.open(url)
    },
  }
  const returned = async () => {
    if (callback === undefined) throw new Error('The library opened no sign-in.')
    return callback
  }
  return { provider, returned, close: () => listening[Symbol.asyncDispose]() }
}
