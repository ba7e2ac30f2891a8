import { afterAll, afterEach, beforeEach, onTestFinished, vi } from 'vitest'
import { parseMetadataConfig } from '../../../functions/metadata/config.ts'
import { createMetadata } from '../../../functions/metadata/handler.ts'
import { type Issuer, startIssuer } from '../http/issuer.ts'
import { PRIVATE_TOOLS, type Served, serve } from '../http/serve.ts'

type Environment = Readonly<Record<string, string>>

/** An issuer and `metadata` functions that use it. */
export interface MetadataStack {
  readonly issuer: Issuer
  /** The environment of a function that is started with `start(env)`. */
  readonly environment: (env?: Environment) => Environment
  /** Starts the function. It ends after the test. */
  readonly start: (env?: Environment) => Promise<Served>
}

/**
 * Starts an issuer that ends after the last test of the file. Resets the issuer before each test and
 * restores real timers after each test. Call it once, at the top of the file. `common` is the default
 * environment of the functions.
 */
export async function metadataStack(common: Environment): Promise<MetadataStack> {
  const issuer = await startIssuer()
  beforeEach(() => issuer.reset())
  afterEach(() => void vi.useRealTimers())
  afterAll(() => issuer[Symbol.asyncDispose]())

  const environment = (env: Environment = {}) => ({
    PUBLIC_URL: 'https://mcp.test',
    OAUTH_ISSUER: issuer.url,
    TOOLS: JSON.stringify(PRIVATE_TOOLS),
    ...common,
    ...env,
  })
  return {
    issuer,
    environment,
    start: async (env) => {
      const config = parseMetadataConfig(environment(env))
      const served = await serve('metadata', (_, log) => createMetadata(config, { log }))
      onTestFinished(() => served[Symbol.asyncDispose]())
      return served
    },
  }
}
