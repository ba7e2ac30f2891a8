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
