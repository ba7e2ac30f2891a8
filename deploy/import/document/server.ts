import { isLoopback } from '../../../shared/config.ts'
import { asObject } from '../../../shared/json.ts'
import { OperationError } from '../import-error.ts'
import type { ApiDocument } from './load-document.ts'
import { memberIn, type Operation } from './operation.ts'
import { itemsOf, objectAt, type Place } from './place.ts'

/** The options that select the base URL of an operation. */
export interface ServerChoice {
  /** An absolute URL, a path under FUNCTIONS_BASE, or the number of a server in the list, from 0. */
  readonly server?: string | undefined
  /** Values of server variables, by name. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Returns the base of an operation's URL without a trailing slash: an absolute http(s) URL, or a path
 * under FUNCTIONS_BASE. Servers of the operation take precedence over those of its path and of the
 * document. A relative URL is resolved against the document's URL; in a local file it is a path.
 *
 * @throws OperationError if it is not such a URL, or a variable has no value.
 */
export function serverOf(
  document: ApiDocument,
  { place, pathItem }: Operation,
  { server, variables }: ServerChoice,
): string {
  const number = server !== undefined && /^\d{1,3}$/.test(server) ? Number(server) : undefined
  if (server !== undefined && number === undefined) return baseOf(server, document.root.url)
  const list = [place, pathItem, document.root]
    .map((one) => memberIn(document, one, 'servers'))
    .find((one) => itemsOf(one).length > 0)
  const chosen = list && (number === undefined ? preferred(list) : itemsOf(list)[number])
  if (list !== undefined && chosen === undefined) {
    throw new OperationError(
      `it has no server ${number}: the document lists ${itemsOf(list).length}, numbered from 0`,
    )
  }
  const url = chosen === undefined ? '/' : withVariables(chosen, variables)
  return baseOf(url, chosen?.url ?? document.root.url)
}

/** Returns the first https server, or else the first, because the gateway calls http only on loopback. */
function preferred(list: Place): Place | undefined {
  const servers = itemsOf(list)
  const isPlainHttp = (server: Place) =>
    /^http:\/\/(?!localhost|127\.)/i.test(String(objectAt(server)['url']))
  return servers.find((server) => !isPlainHttp(server)) ?? servers[0]
}

function withVariables(server: Place, given: Readonly<Record<string, string>>): string {
  const { url, variables } = objectAt(server)
  const declared = asObject(variables) ?? {}
  return String(url ?? '/').replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const { default: fallback, enum: allowed } = asObject(declared[name]) ?? {}
    const value = given[name] ?? fallback
    if (value === undefined) {
      throw new OperationError(`the server variable ${name} has no default: pass --server-variable`)
    }
    if (Array.isArray(allowed) && given[name] !== undefined && !allowed.includes(value)) {
      throw new OperationError(`the server variable ${name} must be one of ${allowed.join(', ')}`)
    }
    return String(value)
  })
}

function baseOf(written: string, documentUrl: string): string {
  const isLocal = documentUrl.startsWith('file:')
  const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(written)
  const root = 'https://functions-base.invalid/'
  const url = URL.parse(written, isLocal ? root : documentUrl)
  const quoted = JSON.stringify(written.slice(0, 200))
  if (url === null) throw new OperationError(`its server ${quoted} is not a URL`)
  if (!/^https?:$/.test(url.protocol))
    throw new OperationError(`its server ${quoted} is not http(s)`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new OperationError(`its server ${quoted} is not https: pass --server`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OperationError('its server has credentials in the URL')
  }
  if (url.search !== '' || url.hash !== '') {
    throw new OperationError(`its server ${quoted} has a query or a fragment`)
  }
  const path = url.pathname.replace(/\/+$/, '')
  return isLocal && !isAbsolute && url.host === 'functions-base.invalid'
    ? path
    : `${url.origin}${path}`
}
