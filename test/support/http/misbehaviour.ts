import type { FrontAnswer, Misbehaviour } from './front.ts'

/** Changes the JSON document at matching paths. */
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

/** Changes one member of the JSON document at matching paths. */
export function member(path: RegExp, name: string, value: unknown): Misbehaviour {
  return document(path, (document) => ({ ...document, [name]: value }))
}

/** Changes a header field of some responses. undefined removes it. */
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

/** Replaces the response at matching paths and methods. */
export function replace(path: RegExp, answer: Partial<FrontAnswer>, methods = /./): Misbehaviour {
  return {
    answer: (_, request) =>
      path.test(request.path) && methods.test(request.method) ? answer : undefined,
  }
}

/** The paths of the protected resource metadata. */
export const METADATA = /oauth-protected-resource/
/** The paths of the authorization server metadata. */
export const AS = /oauth-authorization-server|openid-configuration/
export const isMcp = (path: string) => path === '/mcp'
/** Changes the challenge of responses that have one. */
export const challenge = (change: (before: string) => string) =>
  field(
    'www-authenticate',
    change,
    (_, __, { headers }) => headers['www-authenticate'] !== undefined,
  )
