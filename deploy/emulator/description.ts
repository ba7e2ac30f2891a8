import { STOP_HINT, signIn } from '../kit/greeting.ts'
import type { Emulator } from './emulator.ts'
import type { EmulatorSettings } from './options.ts'

/** The addresses and credentials of a running emulator, which `npm run emulator -- --json` prints. */
export type EmulatorDescription = ReturnType<typeof describeEmulator>

/**
 * Describes a running emulator. Omits the secret of the Management API client if the environment set it.
 */
export function describeEmulator(
  { issuer }: Emulator,
  { setup, apis, isSecretGiven }: EmulatorSettings,
) {
  const { clientId, clientSecret } = setup.management
  return {
    issuer,
    managementApi: {
      url: `${issuer}api/v2/`,
      tokenEndpoint: `${issuer}oauth/token`,
      audience: `${issuer}api/v2/`,
      clientId,
      ...(!isSecretGiven && { clientSecret }),
    },
    control: `${issuer}__tenant`,
    apis: apis.map(({ identifier, scopes }) => ({
      identifier,
      scopes: scopes.map(({ value }) => value),
    })),
    users: setup.users.map(({ email, password, permissions }) => ({
      email,
      password,
      // Without an API, there is nothing that a user could have a permission for.
      permissions: apis.length === 0 ? [] : permissions,
    })),
  }
}

/** Returns the description as text for the terminal. */
export function toText(described: EmulatorDescription): string {
  const { issuer, managementApi, control, apis, users } = described
  const { url, tokenEndpoint, audience, clientId, clientSecret } = managementApi
  const secret = clientSecret ?? '$MGMT_CLIENT_SECRET'
  const form = [`grant_type=client_credentials`, `client_id=${clientId}`]
  const named = [...form, `client_secret=${secret}`, `audience=${audience}`]
  const rows: [string, readonly string[]][] = [
    ['Issuer', [issuer]],
    ['Management API', [url]],
    ['  client', [`MGMT_CLIENT_ID=${clientId} MGMT_CLIENT_SECRET=${secret}`]],
    ['  token', [`curl ${tokenEndpoint} ${named.map((field) => `-d "${field}"`).join(' ')}`]],
    ['APIs', apis.map(({ identifier, scopes }) => `${identifier}  (${scopes.join(' ')})`)],
    ['Sign-in', users.map(signIn)],
    ['Control', [`${control}  (GET shows the state, POST changes it and injects faults)`]],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.flatMap(([name, values]) =>
    values.map((value, at) => `${(at === 0 ? name : '').padEnd(width)}  ${value}`),
  )
  return `${lines.join('\n')}\n\n${STOP_HINT}\n\nready\n`
}
