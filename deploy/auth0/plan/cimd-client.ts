import type { Management as Auth0 } from 'auth0'
import { registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ReadFailure } from '../reading.ts'
import { linked } from './dependencies.ts'
import type { FieldChange, Shown, Step } from './item.ts'
import {
  type About,
  aspect,
  blocked,
  changeOrKeep,
  create,
  keep,
  report,
  unreadable,
} from './steps.ts'

type Preview = Auth0.PreviewCimdMetadataResponseContent

/** ChatGPT's metadata document where authorization responses have `iss`. */
export const CHATGPT_CIMD_URL = 'https://chatgpt.com/oauth/client.json'

const FLAG = 'client_id_metadata_document_supported'
const COMPARED = [
  ...(['name', 'app_type', 'callbacks', 'logo_uri', 'description', 'grant_types'] as const),
  ...(['token_endpoint_auth_method', 'jwks_uri'] as const),
]

/**
 * The client of `--cimd`, and after it the tenant setting that advertises metadata documents: where
 * they are advertised ChatGPT prefers them to registration, so that a document which is not imported
 * is a client that Auth0 does not know.
 */
export function planCimd(desired: DesiredState, snapshot: TenantSnapshot): Step[] {
  if (desired.cimd === undefined) {
    return [...importedDocuments(snapshot), ...advertisedWithoutImport(snapshot)]
  }
  return [
    ...linked([planClient(desired.cimd, snapshot)], 'cimd'),
    ...linked([planFlag(snapshot)], 'cimd-flag', ['cimd']),
  ]
}

function planClient(url: string, { cimdClient, cimdPreview }: TenantSnapshot): Step {
  const about = aboutClient(url)
  if ('failure' in cimdClient) return unreadable(about, cimdClient.failure)
  if ('failure' in cimdPreview) return withoutPreview(about, cimdClient.value, cimdPreview.failure)
  const faults = faultsOf(cimdPreview.value)
  if (faults.length > 0) return blocked(about, `Auth0 refuses the document: ${faults.join('; ')}`)
  const body = { external_client_id: url }
  const change = { call: 'clients.registerCimdClient', body } as const
  if (cimdClient.value === undefined) return create(about, body, change)
  const changes = differences(cimdClient.value, cimdPreview.value?.mapped_fields ?? {})
  // Not every field of the document can be compared.
  if (changes.length === 0) return refresh(about, url)
  const why = 'The metadata document has changed since it was imported'
  return { item: { ...about, why, action: 'change', changes }, change }
}

/** Registering a document again makes Auth0 read it again. */
function refresh(about: About, url: string): Step {
  return {
    ...keep(about),
    change: { call: 'clients.registerCimdClient', body: { external_client_id: url } },
    whenRefused: 'The client stays as it was imported',
  }
}

/** The documents of ChatGPT that earlier runs have imported. */
function importedDocuments({ clients }: TenantSnapshot): Step[] {
  if ('failure' in clients) return []
  return clients.value
    .filter((client) => registrationKind(client) === 'imported' && isOfChatGpt(client))
    .map(({ external_client_id: url = '' }) => refresh(aboutClient(url), url))
}

function isOfChatGpt({ external_client_id: url }: Auth0.Client): boolean {
  return url?.startsWith('https://chatgpt.com/') === true
}

function aboutClient(url: string): About {
  return {
    area: 'client',
    subject: url,
    why: 'Auth0 knows a client by its metadata document once the document has been imported',
    where: 'Applications > Applications',
  }
}

/** What is wrong with the document, in Auth0's words. */
function faultsOf(preview: Preview | undefined): readonly string[] {
  if (preview?.errors !== undefined && preview.errors.length > 0) return preview.errors
  return preview?.validation?.valid === false ? preview.validation.violations : []
}

function withoutPreview(
  about: About,
  client: Auth0.Client | undefined,
  failure: ReadFailure,
): Step {
  if (client === undefined) return blocked(about, `It cannot be imported: ${explained(failure)}`)
  const why = `It is imported. Whether its document has changed is not known: ${explained(failure)}`
  return report({ ...about, why })
}

function explained({ kind, message, scope }: ReadFailure): string {
  if (kind === 'scope-missing') return `the Management scope ${scope} is missing`
  return withPlanAdvice(message)
}

/** The reason why Auth0 refuses a document, with the way out where the reason is the plan. */
export function withPlanAdvice(message: string): string {
  return /private_key_jwt/.test(message)
    ? `${message}. Auth0 has private_key_jwt on its Enterprise plan only: let ChatGPT register (DCR), or use one client for all of ChatGPT (npm run provision -- --iss --predefined)`
    : message
}

/** Fields of the document that the client shows with another value. */
function differences(client: Auth0.Client, document: Auth0.CimdMappedClientFields): FieldChange[] {
  const changes: FieldChange[] = []
  for (const field of COMPARED) {
    const [before, after] = [client[field], document[field]]
    // A field that Auth0 does not show cannot be compared.
    if (before == null || after === undefined) continue
    if (JSON.stringify(inOrder(before)) === JSON.stringify(inOrder(after))) continue
    changes.push({ field, before, after })
  }
  return changes
}

function inOrder(value: Shown): Shown {
  return typeof value === 'object' && value !== null ? [...value].sort() : value
}

function planFlag({ settings }: TenantSnapshot): Step {
  const about = aboutFlag('Clients name themselves by their metadata documents')
  if ('failure' in settings) return unreadable(about, settings.failure)
  return changeOrKeep(about, [aspect(FLAG, settings.value[FLAG], true)], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
}

function advertisedWithoutImport({ settings, clients }: TenantSnapshot): Step[] {
  const isAdvertised = 'value' in settings && settings.value[FLAG] === true
  if (!isAdvertised || 'failure' in clients) return []
  if (clients.value.some(isOfChatGpt)) return []
  const why = `Metadata documents are advertised, and ChatGPT prefers them to registration, but no document of ChatGPT is imported. Run it with --cimd ${CHATGPT_CIMD_URL}, or turn the setting off`
  return [report(aboutFlag(why))]
}

function aboutFlag(why: string): About {
  return {
    area: 'tenant',
    subject: 'client ID metadata documents',
    why,
    where: 'Settings > Advanced > Client ID Metadata Document Registration',
  }
}
