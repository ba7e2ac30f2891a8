import type { FuzzTarget } from './target.ts'
import { authorizationTarget } from './targets/authorization.ts'
import { catalogueTarget } from './targets/catalogue.ts'
import { jsonTarget } from './targets/json.ts'
import { logLineTarget } from './targets/log-line.ts'
import { logRecordsTarget } from './targets/log-records.ts'
import { messageTarget } from './targets/message.ts'
import { redirectsTarget } from './targets/redirects.ts'
import { registrationTarget } from './targets/registration.ts'
import { responseTarget } from './targets/response.ts'
import { signingKeysTarget } from './targets/signing-keys.ts'
import { tokenTarget } from './targets/token.ts'

/** All fuzz targets. */
export const TARGETS: readonly FuzzTarget[] = [
  jsonTarget,
  messageTarget,
  authorizationTarget,
  redirectsTarget,
  logRecordsTarget,
  catalogueTarget,
  tokenTarget,
  signingKeysTarget,
  logLineTarget,
  registrationTarget,
  responseTarget,
]
