import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from '../http/listen.ts'
import type { FakeClient, ManagementApi } from './management-api.ts'

/** Auth0's `POST /oidc/register`, whose clients the recording Management API then has. */
export interface RegistrationEndpoint extends AsyncDisposable {
  /** OAUTH_ISSUER. */
  readonly issuer: string
  /** Each body that came, parsed. */
  readonly requests: unknown[]
  readonly staged: {
    mode: 'strict' | 'permissive'
    /** Answered in place of 201; nothing is registered. */
    refusal?: Refusal | undefined
    /** The connection is cut; with `afterwards` the client has been registered all the same. */
    broken?: 'before' | 'afterwards' | undefined
    /** How the client says that it came to exist; by default as Auth0 marks registered clients. */
    marker?: Pick<FakeClient, 'external_metadata_type' | 'external_metadata_created_by'>
    /** What the client's redirect URIs are, whatever was asked for. */
    callbacks?: readonly string[] | undefined
  }
}

export interface Refusal {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Metadata {
  readonly client_name: string
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly string[]
  readonly token_endpoint_auth_method: string
}

const DCR = { external_metadata_type: 'dcr', external_metadata_created_by: 'client' }

export async function startRegistrationEndpoint(
  api: Pick<ManagementApi, 'clients'>,
): Promise<RegistrationEndpoint> {
  const requests: unknown[] = []
  const staged: RegistrationEndpoint['staged'] = { mode: 'strict' }
  let count = 0
  const register = (asked: Metadata): string => {
    const clientId = `${staged.mode === 'strict' ? 'tpc_' : ''}client${++count}`
    api.clients.set(clientId, {
      client_id: clientId,
      name: asked.client_name,
      callbacks: staged.callbacks ?? asked.redirect_uris,
      grant_types: asked.grant_types,
      is_first_party: false,
      oidc_conformant: true,
      third_party_security_mode: staged.mode,
      token_endpoint_auth_method: asked.token_endpoint_auth_method,
      ...(staged.marker ?? DCR),
    })
    return clientId
  }
  const server = createServer(async (req, res) => {
    const asked = JSON.parse(await text(req)) as Metadata
    requests.push(asked)
    if (staged.broken === 'before') return void res.destroy()
    const { status, body, headers } = staged.refusal ?? { status: 201 }
    const isHere = req.method === 'POST' && req.url === '/oidc/register'
    const answer = status === 201 && isHere ? { ...asked, client_id: register(asked) } : body
    if (staged.broken === 'afterwards') return void res.destroy()
    res.writeHead(isHere ? status : 404, { 'content-type': 'application/json', ...headers })
    res.end(JSON.stringify(answer ?? {}))
  })
  const listening = await listen(server)
  return {
    issuer: `${listening.url}/`,
    requests,
    staged,
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  }
}
