import { readBuildInfo } from '../../shared/build-info.ts'
import { fetchJson } from '../../shared/http/fetch-json.ts'
import { start } from '../../shared/http/host.ts'
import { toHttpFunction } from '../../shared/http/http.ts'
import { locateToolsFile } from '../../shared/tools-file.ts'
import { parseMetadataConfig } from './config.ts'
import { checkIssuer } from './curated.ts'
import { createMetadata } from './handler.ts'

const build = readBuildInfo(import.meta.dirname)
const env = locateToolsFile(process.env, import.meta.dirname)

start(['metadata'], env, parseMetadataConfig, async (config, log) => {
  if (!`${config.audience}/`.startsWith(`${config.PUBLIC_URL}/`)) {
    log.warning('audience_not_under_public_url', { audience: config.audience })
  }
  if (config.AUTH_SERVER_METADATA === 'curated')
    await checkIssuer(config.OAUTH_ISSUER, fetchJson, log)
  return toHttpFunction(createMetadata(config, { log, build }), log)
})
