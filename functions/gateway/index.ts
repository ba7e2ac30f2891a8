import { start } from '../../shared/host.ts'
import { toHttpFunction } from '../../shared/http.ts'
import { parseGatewayConfig } from './config.ts'
import { createGateway } from './handler.ts'

await start(['gateway'], process.env, parseGatewayConfig, (config, log) => {
  const { warnings } = config
  if (warnings.length > 0) log.warning('catalogue_members_ignored', { warnings })
  const metadataHost = process.env['GCE_METADATA_HOST']
  return toHttpFunction(createGateway(config, { log, metadataHost }), log)
})
