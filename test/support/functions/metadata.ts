import { afterAll, afterEach, beforeEach, onTestFinished, vi } from 'vitest'
import { parseMetadataConfig } from '../../../functions/metadata/config.ts'
import { createMetadata } from '../../../functions/metadata/handler.ts'
import { type Issuer, startIssuer } from '../http/issuer.ts'
import { PRIVATE_TOOLS, type Served, serve } from '../http/serve.ts'

type Environment = Readonly<Record<string, string>>

/** An issuer, and functions `metadata` before it. */
export interface MetadataStack {
  readonly issuer: Issuer
  /** The environment of a function that `start` starts. */
  readonly environment: (env?: Environment) => Environment
  /** The function. It ends with the test that starts it. */
  readonly start: (env?: Environment) => Promise<Served>
}

/**
 * Starts the issuer of a test file, which ends it after its last test. Before each test the issuer
 * forgets its calls and answers as usual again; after it time is real again. Call it once, at the
 * top of the file. Functions have the environment `common`, unless a test says otherwise.
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
