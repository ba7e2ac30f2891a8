import { expect, test } from 'vitest'
import { alertOf, CALLBACK, tenantForThisFile } from '../../support/auth0/local-tenant.ts'
import { declining } from '../../support/http/declining.ts'
import { ALICE } from '../../support/people.ts'

const tenant = await tenantForThisFile()

const decline = (clientId: string) => tenant.authorize(clientId, {}, ALICE, declining)

async function strict(): Promise<string> {
  const clientId = await tenant.registered()
  await tenant.admit(clientId)
  return clientId
}

async function permissive(): Promise<string> {
  await tenant.admin.change({ mode: 'permissive' })
  return strict()
}

async function firstParty(): Promise<string> {
  const { client_id: id = '' } = await tenant.management.clients.create({
    name: 'Predefined',
    callbacks: [CALLBACK],
    token_endpoint_auth_method: 'none',
  })
  return id
}

test('a declined consent of a strict client ends on an error page of the tenant', async () => {
  const clientId = await strict()
  expect(await alertOf(decline(clientId))).toBe('access_denied: User did not authorize the request')
})

test.each([
  {
    client: 'a strict client with allow_always',
    make: async () => {
      const clientId = await strict()
      const redirection_policy = 'allow_always'
      await tenant.management.clients.update(clientId, { redirection_policy })
      return clientId
    },
  },
  { client: 'a permissive client', make: permissive },
  {
    client: 'a permissive client with a policy',
    make: async () => {
      const clientId = await permissive()
      const redirection_policy = 'open_redirect_protection'
      await tenant.management.clients.update(clientId, { redirection_policy })
      return clientId
    },
  },
  { client: 'a first-party client', make: firstParty },
])(
  'a declined consent of $client returns access_denied and the state to the redirect URI',
  async ({ make }) => {
    const { returned } = await decline(await make())
    expect(returned.href.startsWith(CALLBACK)).toBe(true)
    expect(Object.fromEntries(returned.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'User did not authorize the request',
      state: 'a-state',
    })
  },
)

test('a declined consent returns iss if the tenant sends it', async () => {
  await tenant.management.tenants.settings.update({
    authorization_response_iss_parameter_supported: true,
  })
  const { returned } = await decline(await firstParty())
  expect(Object.fromEntries(returned.searchParams)).toMatchObject({
    error: 'access_denied',
    state: 'a-state',
    iss: tenant.issuer,
  })
})
