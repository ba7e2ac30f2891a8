import { start } from '../../shared/http/host.ts'
import { toHttpFunction } from '../../shared/http/http.ts'
import { locateToolsFile } from '../../shared/tools-file.ts'
import { parseGatewayConfig } from './config.ts'
import { createGateway } from './handler.ts'

const WARM_UP_AFTER_MS = 20

const env = locateToolsFile(process.env, import.meta.dirname)

start(['gateway'], env, parseGatewayConfig, (config, log) => {
  const { warnings } = config
  if (warnings.length > 0) log.warning('catalogue_members_ignored', { warnings })
  const metadataHost = env['GCE_METADATA_HOST']
  const gateway = createGateway(config, { log, metadataHost })
  // The request that starts an instance arrives sooner, and would wait for this work.
  setTimeout(gateway.warmUp, WARM_UP_AFTER_MS).unref()
  return toHttpFunction(gateway, log)
})
