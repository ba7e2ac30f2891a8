import { createServer } from 'node:http'
import type { Management as Auth0 } from 'auth0'
import { listen } from '../http/listen.ts'

/** Auth0's Management API as far as it tells of clients and their use. */
export interface ClientRegistry extends AsyncDisposable {
  /** MGMT_DOMAIN. */
  readonly domain: string
  readonly clients: Auth0.Client[]
  readonly clientGrants: Auth0.ClientGrantResponseContent[]
  readonly userGrants: Auth0.UserGrant[]
  readonly logs: Auth0.Log[]
  /** Every call, as `GET /clients`. */
  readonly calls: string[]
  /** What was asked that Auth0 would refuse. A test ends with none. */
  readonly faults: string[]
  readonly staged: {
    /** Paths that are answered so, as `GET /logs`. */
    readonly broken: Map<string, number>
    /** Called before each call is heard. */
    before?: ((call: string) => void) | undefined
  }
}

const OFFSET_PAGES = ['page', 'per_page', 'include_totals']
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  clients: [...OFFSET_PAGES, 'is_first_party', 'is_global', 'fields', 'include_fields', 'q'],
  grants: [...OFFSET_PAGES, 'client_id', 'user_id', 'audience'],
  logs: [...OFFSET_PAGES, 'q', 'sort', 'fields', 'include_fields'],
  'client-grants': ['from', 'take', 'include_totals', 'client_id', 'audience', 'subject_type'],
}

export async function startClientRegistry(): Promise<ClientRegistry> {
  const registry: Omit<ClientRegistry, 'domain' | typeof Symbol.asyncDispose> = {
    ...{ clients: [], clientGrants: [], userGrants: [], logs: [], calls: [], faults: [] },
    staged: { broken: new Map() },
  }
  const itemsOf = (collection: string, query: URLSearchParams): readonly object[] => {
    const clientId = query.get('client_id')
    if (collection === 'clients') return registry.clients
    if (collection === 'client-grants') return registry.clientGrants
    if (collection === 'grants') {
      return registry.userGrants.filter((grant) => !clientId || grant.clientID === clientId)
    }
    const asked = query.get('q') ?? ''
    const [, searched] = /^client_id:"(.*)"$/.exec(asked) ?? []
    const [, type, description] = /^type:(\w+) AND description:"(.*)"$/.exec(asked) ?? []
    if (asked !== '' && !searched && !type) registry.faults.push(`logs: ${asked}`)
    const found = registry.logs.filter(
      (log) =>
        (!searched || log.client_id === searched) &&
        (!type || (log.type === type && log.description === description)),
    )
    const sorted = found.toSorted((a, b) => String(a.date).localeCompare(String(b.date)))
    return query.get('sort') === 'date:-1' ? sorted.reverse() : sorted
  }
  const list = (collection: string, query: URLSearchParams) => {
    const items = itemsOf(collection, query)
    const size = Number(query.get('per_page') ?? query.get('take') ?? 50)
    if (size > 100) registry.faults.push(`${collection}: a page of ${size}`)
    const start = query.has('take')
      ? Number(query.get('from') ?? 0)
      : Number(query.get('page') ?? 0) * size
    const member = collection.replace('-', '_')
    const hasMore = query.has('take') && start + size < items.length
    return {
      [member]: items.slice(start, start + size),
      ...(hasMore && { next: String(start + size) }),
    }
  }
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '', 'http://127.0.0.1')
    const answer = (status: number, body?: unknown) => {
      res.writeHead(status, { 'content-type': 'application/json' })
      res.end(body === undefined ? undefined : JSON.stringify(body))
    }
    req.resume()
    if (url.pathname === '/oauth/token') {
      return answer(200, { access_token: 'token', token_type: 'Bearer', expires_in: 86_400 })
    }
    const [, collection = '', id] = url.pathname.replace('/api/v2', '').split('/')
    const call = `${req.method} /${collection}${id === undefined ? '' : `/${id}`}`
    registry.calls.push(call)
    registry.staged.before?.(call)
    const broken = registry.staged.broken.get(`${req.method} /${collection}`)
    if (broken !== undefined) {
      const message = 'Insufficient scope, expected any of: staged'
      return answer(broken, { statusCode: broken, message, errorCode: 'insufficient_scope' })
    }
    if (req.method === 'DELETE' && collection === 'clients') {
      const at = registry.clients.findIndex((client) => client.client_id === id)
      if (at < 0) return answer(404, { statusCode: 404, errorCode: 'inexistent_client' })
      registry.clients.splice(at, 1)
      return answer(204)
    }
    const allowed = QUERIES[collection]
    const unknown = [...url.searchParams.keys()].find((name) => !allowed?.includes(name))
    if (req.method !== 'GET' || id !== undefined || unknown !== undefined || !allowed) {
      registry.faults.push(`${call} ${unknown ?? ''}`)
      return answer(400, { statusCode: 400, message: 'staged' })
    }
    answer(200, list(collection, url.searchParams))
  })
  const listening = await listen(server)
  return Object.assign(registry, {
    domain: listening.host,
    [Symbol.asyncDispose]: listening[Symbol.asyncDispose],
  })
}
