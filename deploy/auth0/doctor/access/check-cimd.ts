import type { Management as Auth0 } from 'auth0'
import { registrationKind } from '../../../../shared/auth0/registered-client.ts'
import { type Check, fault, type Verdict, warning } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import { isPredefined } from './check-refresh-tokens.ts'

const DOCUMENT = 'https://chatgpt.com/oauth/client.json'

/** Clients that are known by their metadata document (CIMD). */
export const CIMD_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'metadata documents',
    title: 'where metadata documents are advertised, the one of ChatGPT is imported',
    run: checkDocument,
  },
]

/** ChatGPT prefers its metadata document to registration wherever the tenant advertises CIMD. */
function checkDocument(seen: Inside): Verdict {
  const { snapshot, clients, isCurated } = seen
  const { settings } = snapshot
  if ('failure' in settings) return { skipped: settings.failure.message }
  if ('failure' in clients) return { skipped: clients.failure.message }
  // Curated metadata does not advertise it.
  if (isCurated) return []
  if (settings.value.client_id_metadata_document_supported !== true) return []
  if (clients.value.some(isOfChatGpt)) return []
  const hasOwn = clients.value.some((client) => isPredefined(client, seen))
  const finding = {
    id: 'cimd_client_missing',
    seen: 'client_id_metadata_document_supported is on, and no client has a metadata document of ChatGPT',
    why: hasOwn
      ? 'ChatGPT prefers its metadata document to registration, and Auth0 does not know it: only connections with the predefined client work'
      : 'ChatGPT prefers its metadata document to registration, and Auth0 does not know it: every new connection ends on an error page',
    fix: `npm run provision -- --cimd ${DOCUMENT} --apply imports it (a plan without private_key_jwt may refuse it); or turn client_id_metadata_document_supported off, so that ChatGPT registers a client`,
    where: 'Auth0 dashboard: Settings > Advanced > Client ID Metadata Document',
  }
  return [hasOwn ? warning(finding) : fault(finding)]
}

function isOfChatGpt(client: Auth0.Client): boolean {
  const kind = registrationKind(client)
  if (kind !== 'imported' && kind !== 'self_cimd') return false
  return URL.parse(client.external_client_id ?? '')?.hostname === 'chatgpt.com'
}
