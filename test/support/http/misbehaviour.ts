import type { FrontAnswer, Misbehaviour } from './front.ts'

/** Changes the JSON document at paths that match. */
export function document(
  path: RegExp,
  change: (value: Record<string, unknown>) => unknown,
): Misbehaviour {
  return {
    answer: ({ body }, request) =>
      path.test(request.path) && request.method === 'GET'
        ? { body: JSON.stringify(change(JSON.parse(body))) }
        : undefined,
  }
}

/** Changes one member of such a document. */
export function member(path: RegExp, name: string, value: unknown): Misbehaviour {
  return document(path, (document) => ({ ...document, [name]: value }))
}

/** Changes a header field of some answers; undefined takes it away. */
export function field(
  name: string,
  value: string | undefined | ((before: string) => string),
  isMeant: (path: string, method: string, answer: FrontAnswer) => boolean = () => true,
): Misbehaviour {
  return {
    answer: (answer, { path, method }) => {
      const before = answer.headers[name]
      if (!isMeant(path, method, answer)) return undefined
      const after = typeof value === 'function' ? value(before ?? '') : value
      return { headers: { ...answer.headers, [name]: after } }
    },
  }
}

/** Answers otherwise at paths and methods that match. */
export function replace(path: RegExp, answer: Partial<FrontAnswer>, methods = /./): Misbehaviour {
  return {
    answer: (_, request) =>
      path.test(request.path) && methods.test(request.method) ? answer : undefined,
  }
}

/** Paths of the protected resource metadata. */
export const METADATA = /oauth-protected-resource/
/** Paths of the authorization server metadata. */
export const AS = /oauth-authorization-server|openid-configuration/
export const isMcp = (path: string) => path === '/mcp'
/** Changes the challenge of the answers that have one. */
export const challenge = (change: (before: string) => string) =>
  field(
    'www-authenticate',
    change,
    (_, __, { headers }) => headers['www-authenticate'] !== undefined,
  )
