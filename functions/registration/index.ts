import {
  createAdmission,
  createAdmissionCheck,
  createDeletion,
} from '../../shared/auth0/admission.ts'
import { createManagement, credentialsIn } from '../../shared/auth0/management.ts'
import { start } from '../../shared/http/host.ts'
import { toHttpFunction } from '../../shared/http/http.ts'
import { locateToolsFile } from '../../shared/tools-file.ts'
import { parseRegistrationConfig } from './config.ts'
import { createRegistration } from './handler.ts'
import { createRegisterAtIssuer } from './issuer-registration.ts'

const env = locateToolsFile(process.env, import.meta.dirname)

start(['registration'], env, parseRegistrationConfig, (config, log) => {
  const isOffered = config.AUTH_SERVER_METADATA === 'curated'
  if (!isOffered) log.warning('registration_off', { reason: 'AUTH_SERVER_METADATA is issuer' })
  const management = createManagement(credentialsIn(config))
  const admit = createAdmission({
    management,
    mayRedirectTo: config.mayRedirectTo,
    policy: 'admit',
    connections: config.GOOGLE_CONNECTION_NAME,
    audience: config.audience,
    scopes: config.scopes,
    thirdPartyAccess: config.THIRD_PARTY_ACCESS,
  })
  const registration = createRegistration({
    isOffered,
    mayRedirectTo: config.mayRedirectTo,
    check: createAdmissionCheck({ management, connections: config.GOOGLE_CONNECTION_NAME }),
    register: createRegisterAtIssuer(config.OAUTH_ISSUER),
    admit,
    remove: createDeletion(management),
    // Cloud Run sets K_SERVICE. All requests to a function there pass Google's front end.
    isBehindFront: env['K_SERVICE'] !== undefined,
  })
  return toHttpFunction(registration, log)
})
