import { isLoopback } from '../../shared/config.ts'

/**
 * Returns one sentence on the fault and one on the fix if `publicUrl` is an http URL of this machine with
 * another port than `url`, the origin of the local system. Otherwise returns undefined: a tunnel or a
 * proxy with TLS may use any port.
 */
export function publicUrlWarning(publicUrl: string, url: string): string | undefined {
  const { protocol, hostname, port } = new URL(publicUrl)
  const { port: actual } = new URL(url)
  if (protocol !== 'http:' || !isLoopback(hostname) || port === actual) return undefined
  return (
    `PUBLIC_URL is ${publicUrl}, but npm start listens on port ${actual || '80'}, so the metadata and the audience name another server. ` +
    `Set PUBLIC_URL to ${url}, or PORT to ${port || '80'}.`
  )
}

/**
 * Returns a warning if `publicUrl` names another machine and `issuer` names this one. Otherwise returns
 * undefined. Does not check whether the issuer of another machine is reachable from the internet.
 */
export function issuerWarning(publicUrl: string, issuer: string): string | undefined {
  if (isLoopback(new URL(publicUrl).hostname)) return undefined
  const url = URL.parse(issuer)
  if (url === null || !isLoopback(url.hostname)) return undefined
  return `PUBLIC_URL is ${publicUrl}, but the issuer ${issuer} is available on this machine only, so ChatGPT cannot sign users in. Set OAUTH_ISSUER and the other variables of an Auth0 tenant: see "ChatGPT through a tunnel" in docs/local.md.`
}
