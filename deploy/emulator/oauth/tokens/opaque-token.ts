import { randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { TenantState } from '../../state.ts'

const USERINFO_PATH = '/userinfo'
const ENCRYPTED = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * Returns middleware for tokens without an API, which are only for the tenant itself. Auth0 issues them as
 * opaque or encrypted tokens. With the fault `encryptTokens`, the middleware encrypts them in the token
 * response and decrypts them at the userinfo endpoint.
 */
export function encryptOpaqueTokens(state: TenantState) {
  const key = randomBytes(32)

  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const { headers } = ctx.req
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
    if (ctx.path === USERINFO_PATH && ENCRYPTED.test(token)) {
      const opened = await compactDecrypt(token, key).catch(() => undefined)
      if (opened) headers.authorization = `Bearer ${Buffer.from(opened.plaintext)}`
    }
    await next()
    const body = ctx.body as { access_token?: string } | undefined
    const given = body?.access_token
    if (!state.faults.encryptTokens || given === undefined || given.includes('.')) return
    ctx.body = {
      ...body,
      access_token: await new CompactEncrypt(Buffer.from(given))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', iss: state.issuer })
        .encrypt(key),
    }
  }
}
