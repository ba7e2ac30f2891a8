import { interactionPolicy } from 'oidc-provider'
import type { TenantState } from '../state.ts'
import { needsConsent } from './access.ts'
import { audienceIn } from './grant.ts'

/** Returns a policy that requests consent at every sign-in with a client that needs it. */
export function consentPolicy(state: TenantState): interactionPolicy.Prompt[] {
  const { base, Check, Prompt } = interactionPolicy
  const consent = new Prompt(
    { name: 'consent', requestable: true },
    new Check('third_party', 'the client needs consent', ({ oidc }) => {
      const client = state.clients.get(oidc.client?.clientId ?? '')
      const isAsked = needsConsent(state, client, audienceIn(oidc.params ?? {}))
      return isAsked && oidc.result?.consent === undefined
    }),
  )
  // authorize.ts adds the prompt consent to every request, although first-party clients do not need it.
  consent.checks.remove('consent_prompt')
  const policy = base()
  policy.remove('consent')
  policy.add(consent)
  return policy
}
