import { start } from '../../shared/host.ts'
import { toHttpFunction } from '../../shared/http.ts'
import { createLog } from '../../shared/log.ts'
import { parseGatewayConfig } from './config.ts'
import { createGateway } from './handler.ts'

await start(['gateway'], () => {
  const config = parseGatewayConfig(process.env)
  const log = createLog({
    service: 'gateway',
    level: config.LOG_LEVEL,
    project: process.env['GOOGLE_CLOUD_PROJECT'],
  })
  const metadataHost = process.env['GCE_METADATA_HOST']
  return toHttpFunction(createGateway(config, { log, metadataHost }), log)
})
