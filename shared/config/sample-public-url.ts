import { ConfigError, type Environment } from '../config.ts'

/** PUBLIC_URL in .env.yaml.sample. Its domain is reserved for examples (RFC 2606 s3). */
const SAMPLE_PUBLIC_URL = 'https://mcp.example.com'

/**
 * Checks that a function on Cloud Run, which sets K_SERVICE, does not have the PUBLIC_URL of the sample.
 *
 * @throws ConfigError
 */
export function checkPublicUrl({ K_SERVICE, PUBLIC_URL = '' }: Environment): void {
  if (K_SERVICE === undefined || PUBLIC_URL.trim().replace(/\/$/, '') !== SAMPLE_PUBLIC_URL) return
  throw new ConfigError(['PUBLIC_URL is still a placeholder'])
}
