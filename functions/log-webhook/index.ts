import { createAdmission } from '../../shared/auth0/admission.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { endSignal } from '../../shared/http/drain.ts'
import { start } from '../../shared/http/host.ts'
import { toHttpFunction } from '../../shared/http/http.ts'
import { locateToolsFile } from '../../shared/tools-file.ts'
import { parseLogWebhookConfig } from './config.ts'
import { createLogWebhook } from './handler.ts'

const env = locateToolsFile(process.env, import.meta.dirname)

// Also registered without the hyphen, because it is not documented whether --entry-point of gcloud
// accepts one.
start(['log-webhook', 'logWebhook'], env, parseLogWebhookConfig, (config, log) => {
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
