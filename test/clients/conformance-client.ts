/** Runs `npm run connect` as the client command of the MCP conformance suite. The URL is the argument. */

import type { Imitation } from '../../deploy/connect/client/imitations.ts'
import { connect } from '../../deploy/connect/connect.ts'
import { printStep } from '../../deploy/connect/print-step.ts'

const context: { readonly client_id?: string; readonly client_secret?: string } = JSON.parse(
  process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}',
)

/** A client with a metadata document that also supports the MCP revision 2025-03-26. */
const CLIENT: Imitation = {
  userAgent: { mcp: 'connect' },
  registration: { client_name: 'connect' },
  redirect: {
    registered: ['http://127.0.0.1:{port}/callback'],
    used: 'http://127.0.0.1:{port}/callback',
    port: 0,
  },
  metadataDocument: 'https://conformance-test.local/client-metadata.json',
  fallsBackToOrigin: true,
  sources: [],
}

const connection = await connect({
  url: process.argv.at(-1) ?? '',
  person: { username: '', password: '' },
  clientId: context.client_id,
  clientSecret: context.client_secret,
  imitation: CLIENT,
  signInMs: 120_000,
  admissionMs: 0,
  takesOpaqueToken: true,
  onStep: (step) => process.stdout.write(printStep(step)),
  // The authorization endpoint of the suite redirects without a sign-in page.
  openBrowser: (url) => void fetch(url),
})
// Idle connections would keep the process alive for seconds.
process.exit(connection.ok ? 0 : 1)
