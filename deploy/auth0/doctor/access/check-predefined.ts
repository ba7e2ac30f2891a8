import type { Management as Auth0 } from 'auth0'
import { STABLE_REDIRECT_URI } from '../../provision-options.ts'
import { type Check, type Finding, fault, type Verdict } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import { isPredefined } from './check-refresh-tokens.ts'

/** ChatGPT's redirect URIs without `iss`: one for each connection. */
const PER_CONNECTION = 'https://chatgpt.com/connector/oauth/'
const ISS_SETTING = 'authorization_response_iss_parameter_supported'

/** Whether the client of `--predefined` has the redirect URI that ChatGPT uses in this tenant. */
export const PREDEFINED_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'predefined redirect URI',
    title: 'the predefined client has the redirect URI that ChatGPT uses',
    run: (seen): Verdict => {
      const { clients, snapshot } = seen
      if ('failure' in clients) return { skipped: clients.failure.message }
      if ('failure' in snapshot.settings) return { skipped: snapshot.settings.failure.message }
      const hasIss = snapshot.settings.value[ISS_SETTING] === true
      return clients.value
        .filter((client) => isPredefined(client, seen))
        .flatMap((client) => findingOf(client, hasIss, seen))
    },
  },
]

function findingOf(client: Auth0.Client, hasIss: boolean, { config }: Inside): Finding[] {
  const { callbacks = [] } = client
  const isStable = callbacks.includes(STABLE_REDIRECT_URI)
  const isPerConnection = callbacks.some((uri) => uri.startsWith(PER_CONNECTION))
  if (hasIss ? isStable : isPerConnection) return []
  // Made for another client than ChatGPT.
  const isOfAnother = callbacks.some((uri) => config.provision.mayRedirectTo([uri]))
  if (!isStable && !isPerConnection && isOfAnother) return []
  const about = {
    where: 'Auth0 dashboard: Applications > Applications > the application > Settings',
    seen: describe(client),
  }
  if (!hasIss && isStable) {
    return [
      fault({
        ...about,
        id: 'predefined_without_iss',
        seen: `${describe(client)}, but ${ISS_SETTING} is off`,
        why: `ChatGPT uses that redirect URI where authorization responses have iss (RFC 9207), and ${PER_CONNECTION}{id} elsewhere, which Auth0 refuses for this client (Callback URL mismatch). Only connectors published before ChatGPT had those ids keep it`,
        fix: 'npm run provision -- --iss --apply; or add the redirect URI that ChatGPT shows for the connection: npm run provision -- --predefined URI --apply',
      }),
    ]
  }
  return [
    fault({
      ...about,
      id: 'predefined_redirect_uri',
      why: hasIss
        ? `Authorization responses have iss (RFC 9207), so ChatGPT uses the redirect URI ${STABLE_REDIRECT_URI}, which Auth0 refuses for this client (Callback URL mismatch)`
        : `ChatGPT uses ${PER_CONNECTION}{id}, which Auth0 refuses for this client (Callback URL mismatch)`,
      fix: hasIss
        ? 'npm run provision -- --predefined --apply adds it'
        : 'npm run provision -- --predefined URI --apply, with the redirect URI that ChatGPT shows; or npm run provision -- --iss --predefined --apply',
    }),
  ]
}

function describe({ name = 'unnamed', client_id: id, callbacks = [] }: Auth0.Client): string {
  return `${name} (${id}) redirects to ${callbacks.join(' ') || 'no URI'}`.slice(0, 300)
}
