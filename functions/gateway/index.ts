import { start } from '../../shared/host.ts'
import { toHttpFunction } from '../../shared/http.ts'
import { parseGatewayConfig } from './config.ts'
import { createGateway } from './handler.ts'

await start(['gateway'], process.env, parseGatewayConfig, (config, log) => {
  const metadataHost = process.env['GCE_METADATA_HOST']
  return toHttpFunction(createGateway(config, { log, metadataHost }), log)
})
