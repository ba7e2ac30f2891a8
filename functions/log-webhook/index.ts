import { createAdmission } from '../../shared/admission.ts'
import { endSignal } from '../../shared/drain.ts'
import { start } from '../../shared/host.ts'
import { toHttpFunction } from '../../shared/http.ts'
import { createManagement, credentialsIn } from '../../shared/management.ts'
import { parseLogWebhookConfig } from './config.ts'
import { createLogWebhook } from './handler.ts'

// A plain identifier as well: whether gcloud's --entry-point takes the hyphen is not documented.
await start(['log-webhook', 'logWebhook'], process.env, parseLogWebhookConfig, (config, log) => {
  const admit = createAdmission({
    management: createManagement(credentialsIn(config)),
    mayRedirectTo: config.mayRedirectTo,
    policy: config.DCR_POLICY,
    connections: config.GOOGLE_CONNECTION_NAME,
    audience: config.audience,
    scopes: config.scopes,
    thirdPartyAccess: config.THIRD_PARTY_ACCESS,
  })
  const secrets = config.LOG_WEBHOOK_SECRET
  return toHttpFunction(createLogWebhook({ secrets, admit, ending: endSignal() }), log)
})
