import type { Management as Auth0 } from 'auth0'
import { registrationKind } from '../../../shared/auth0/registered-client.ts'
import type { DesiredState } from '../desired-state.ts'
import type { TenantSnapshot } from '../read-tenant.ts'
import type { ReadFailure } from '../reading.ts'
import { linked } from './dependencies.ts'
import type { FieldChange, FieldValue, ProvisionStep } from './item.ts'
import {
  blocked,
  changeOrKeep,
  create,
  type ItemInfo,
  keep,
  patchField,
  report,
  unreadable,
} from './steps.ts'

type Preview = Auth0.PreviewCimdMetadataResponseContent

/** ChatGPT's metadata document for tenants with `iss` in authorization responses. */
export const CHATGPT_CIMD_URL = 'https://chatgpt.com/oauth/client.json'

const CIMD_FLAG = 'client_id_metadata_document_supported'
const COMPARED_FIELDS = [
  ...(['name', 'app_type', 'callbacks', 'logo_uri', 'description', 'grant_types'] as const),
  ...(['token_endpoint_auth_method', 'jwks_uri'] as const),
]

/**
 * Plans the client of `--cimd`, then the tenant setting that advertises metadata documents. The order
 * matters: ChatGPT prefers an advertised metadata document to registration, and Auth0 does not know
 * the client until its document has been imported.
 */
export function planCimd(desired: DesiredState, snapshot: TenantSnapshot): ProvisionStep[] {
  if (desired.cimd === undefined) {
    return [...importedDocuments(snapshot), ...advertisedWithoutImport(snapshot)]
  }
  return [
    ...linked([planClient(desired.cimd, snapshot)], 'cimd'),
    ...linked([planFlag(snapshot)], 'cimd-flag', ['cimd']),
  ]
}

function planClient(url: string, { cimdClient, cimdPreview }: TenantSnapshot): ProvisionStep {
  const info = clientInfo(url)
  if ('failure' in cimdClient) return unreadable(info, cimdClient.failure)
  if ('failure' in cimdPreview) return withoutPreview(info, cimdClient.value, cimdPreview.failure)
  const faults = documentProblems(cimdPreview.value)
  if (faults.length > 0) return blocked(info, `Auth0 refuses the document: ${faults.join('; ')}`)
  const body = { external_client_id: url }
  const change = { call: 'clients.registerCimdClient', body } as const
  if (cimdClient.value === undefined) return create(info, body, change)
  const changes = differences(cimdClient.value, cimdPreview.value?.mapped_fields ?? {})
  // Some fields of the document cannot be compared, so it is sent again anyway.
  if (changes.length === 0) return refresh(info, url)
  const why = 'The metadata document has changed since it was imported'
  return { item: { ...info, why, action: 'change', changes }, change }
}

/** Auth0 reads a document again when it is registered again. */
function refresh(info: ItemInfo, url: string): ProvisionStep {
  return {
    ...keep(info),
    change: { call: 'clients.registerCimdClient', body: { external_client_id: url } },
    whenRefused: 'The imported client is unchanged',
  }
}

/** Refreshes the ChatGPT documents that earlier runs imported. */
function importedDocuments({ clients }: TenantSnapshot): ProvisionStep[] {
  if ('failure' in clients) return []
  return clients.value
    .filter((client) => registrationKind(client) === 'imported' && isOfChatGpt(client))
    .map(({ external_client_id: url = '' }) => refresh(clientInfo(url), url))
}

function isOfChatGpt({ external_client_id: url }: Auth0.Client): boolean {
  return url?.startsWith('https://chatgpt.com/') === true
}

function clientInfo(url: string): ItemInfo {
  return {
    area: 'client',
    subject: url,
    why: 'Auth0 accepts a client with a metadata document only after the document has been imported',
    where: 'Applications > Applications',
  }
}

/** The document's problems in Auth0's words. */
function documentProblems(preview: Preview | undefined): readonly string[] {
  if (preview?.errors !== undefined && preview.errors.length > 0) return preview.errors
  return preview?.validation?.valid === false ? preview.validation.violations : []
}

function withoutPreview(
  info: ItemInfo,
  client: Auth0.Client | undefined,
  failure: ReadFailure,
): ProvisionStep {
  if (client === undefined)
    return blocked(info, `The client cannot be imported: ${explainReadFailure(failure)}`)
  const why = `The client is imported. Its document could not be compared: ${explainReadFailure(failure)}`
  return report({ ...info, why })
}

function explainReadFailure({ kind, message, scope }: ReadFailure): string {
  if (kind === 'scope-missing') return `the Management scope ${scope} is missing`
  return withSubscriptionAdvice(message)
}

/** Returns Auth0's reason for refusing a document, with advice if the subscription is the reason. */
export function withSubscriptionAdvice(message: string): string {
  return /private_key_jwt/.test(message)
    ? `${message}. Auth0 supports private_key_jwt only on its Enterprise plan: let ChatGPT register (DCR), or use one client for all of ChatGPT (npm run provision -- --iss --predefined)`
    : message
}

/** Fields whose values differ between the client and the document. */
function differences(client: Auth0.Client, document: Auth0.CimdMappedClientFields): FieldChange[] {
  const changes: FieldChange[] = []
  for (const field of COMPARED_FIELDS) {
    const [before, after] = [client[field], document[field]]
    // Auth0 does not return every field.
    if (before == null || after === undefined) continue
    if (JSON.stringify(inOrder(before)) === JSON.stringify(inOrder(after))) continue
    changes.push({ field, before, after })
  }
  return changes
}

function inOrder(value: FieldValue): FieldValue {
  return typeof value === 'object' && value !== null ? [...value].sort() : value
}

function planFlag({ settings }: TenantSnapshot): ProvisionStep {
  const info = flagInfo('Clients may use the URL of their metadata document as client id')
  if ('failure' in settings) return unreadable(info, settings.failure)
  return changeOrKeep(info, [patchField(CIMD_FLAG, settings.value[CIMD_FLAG], true)], (body) => ({
    call: 'tenants.settings.update',
    body,
  }))
}

function advertisedWithoutImport({ settings, clients }: TenantSnapshot): ProvisionStep[] {
  const isAdvertised = 'value' in settings && settings.value[CIMD_FLAG] === true
  if (!isAdvertised || 'failure' in clients) return []
  if (clients.value.some(isOfChatGpt)) return []
  const why = `Metadata documents are advertised, and ChatGPT prefers them to registration, but no document of ChatGPT is imported. Run npm run provision with --cimd ${CHATGPT_CIMD_URL}, or turn the setting off`
  return [report(flagInfo(why))]
}

function flagInfo(why: string): ItemInfo {
  return {
    area: 'tenant',
    subject: 'client ID metadata documents',
    why,
    where: 'Settings > Advanced > Client ID Metadata Document Registration',
  }
}
