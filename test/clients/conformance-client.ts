/** `npm run connect` as the client command of the MCP conformance suite; the URL is the argument. */
import { connect } from '../../deploy/connect/connect.ts'
import { printStep } from '../../deploy/connect/print-step.ts'

const { client_id: clientId }: { readonly client_id?: string } = JSON.parse(
  process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}',
)
const connection = await connect({
  url: process.argv.at(-1) ?? '',
  person: { username: '', password: '' },
  clientId,
  signInMs: 5_000,
  admissionMs: 0,
  takesOpaqueToken: true,
  onStep: (step) => process.stdout.write(printStep(step)),
  // The suite's authorization endpoint redirects at once.
  openBrowser: (url) => void fetch(url),
})
// Idle connections would keep the process for seconds.
process.exit(connection.ok ? 0 : 1)
