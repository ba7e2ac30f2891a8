import { ConfigError, type Environment, isLoopback } from '../../../shared/config.ts'

/** The host of PUBLIC_URL in .env.yaml.sample. */
const SAMPLE_HOST = 'mcp.example.com'

/**
 * Checks that PUBLIC_URL and OAUTH_ISSUER are not on this machine and that PUBLIC_URL is not the sample's.
 * The functions accept both, because they also run on this machine.
 *
 * @throws ConfigError that lists every fault.
 */
export function checkPublicUrls(env: Environment): void {
  const faults = ['PUBLIC_URL', 'OAUTH_ISSUER'].flatMap((name) => {
    const host = URL.parse(env[name]?.trim() ?? '')?.hostname
    if (host === undefined) return []
    if (host === SAMPLE_HOST) return [`${name} is still the value of .env.yaml.sample`]
    const isLocal = isLoopback(host) || host.endsWith('.localhost') || host.startsWith('127.')
    return isLocal
      ? [`${name} is on this machine (${host}): deploy requires a URL that clients can reach`]
      : []
  })
  if (faults.length > 0) throw new ConfigError(faults)
}
