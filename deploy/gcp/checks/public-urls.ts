import { type Environment, isLoopback } from '../../../shared/config.ts'

/** The host of PUBLIC_URL in .env.yaml.sample. */
const SAMPLE_HOST = 'mcp.example.com'

/**
 * Returns a warning for each of PUBLIC_URL and OAUTH_ISSUER that clients can probably not reach: it is on
 * this machine, or the sample's.
 */
export function publicUrlWarnings(env: Environment): readonly string[] {
  return ['PUBLIC_URL', 'OAUTH_ISSUER'].flatMap((name) => {
    const host = URL.parse(env[name]?.trim() ?? '')?.hostname
    if (host === undefined) return []
    if (host === SAMPLE_HOST) return [`${name} is still the value of .env.yaml.sample.`]
    const isLocal = isLoopback(host) || host.endsWith('.localhost') || host.startsWith('127.')
    return isLocal ? [`${name} is on this machine (${host}). Clients cannot reach it.`] : []
  })
}
