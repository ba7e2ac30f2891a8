import { setImmediate } from 'node:timers/promises'
import { start } from '../../shared/http/host.ts'
import { toHttpFunction } from '../../shared/http/http.ts'
import { locateToolsFile } from '../../shared/tools-file.ts'
import { parseGatewayConfig } from './config.ts'
import { createGateway } from './handler.ts'

const env = locateToolsFile(process.env, import.meta.dirname)

start(['gateway'], env, parseGatewayConfig, (config, log) => {
  const { warnings } = config
  if (warnings.length > 0) log.warning('catalogue_members_ignored', { warnings })
  const metadataHost = env['GCE_METADATA_HOST']
  const gateway = createGateway(config, { log, metadataHost })
  gateway.warmUp()
  // Its requests are sent before the first request is accepted, whose handling takes milliseconds.
  return setImmediate(toHttpFunction(gateway, log))
})
