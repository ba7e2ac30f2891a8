import { type Environment, isLoopback } from '../../../shared/config.ts'
import type { CarriedCatalogue } from '../../build/catalogue.ts'

/** The host of PUBLIC_URL in .env.yaml.sample. */
const SAMPLE_HOST = 'mcp.example.com'

/** Who calls the URL of each variable. */
const CALLERS = {
  PUBLIC_URL: 'Clients',
  OAUTH_ISSUER: 'Clients',
  FUNCTIONS_BASE: 'The deployed gateway',
} as const

/**
 * Returns a warning for each URL that can probably not be reached after deployment: it is on this
 * machine, or the sample's.
 */
export function publicUrlWarnings(env: Environment): readonly string[] {
  return Object.entries(CALLERS).flatMap(([name, callers]) => {
    const host = URL.parse(env[name]?.trim() ?? '')?.hostname
    if (host === undefined) return []
    if (host === SAMPLE_HOST) return [`${name} is still the value of .env.yaml.sample.`]
    return isOnThisMachine(host) ? [onThisMachine(name, host, callers)] : []
  })
}

/** Returns a warning if tools call URLs on this machine. */
export function localToolWarnings(urls: CarriedCatalogue['urls']): readonly string[] {
  const local = urls.flatMap(([tool, url]) => {
    const host = URL.parse(url)?.hostname
    return host !== undefined && isOnThisMachine(host) ? [{ tool, host }] : []
  })
  const [first] = local
  if (first === undefined) return []
  const more = local.length > 1 ? ` (and ${local.length - 1} more)` : ''
  return [onThisMachine(`The URL of ${first.tool}${more}`, first.host, CALLERS.FUNCTIONS_BASE)]
}

function isOnThisMachine(host: string): boolean {
  return isLoopback(host) || host.endsWith('.localhost') || host.startsWith('127.')
}

function onThisMachine(name: string, host: string, callers: string): string {
  return `${name} is on this machine (${host}). ${callers} cannot reach it.`
}
