import { ROTATE_OPTIONS, toOptions } from '../gcp/options.ts'
import { defineCommand } from '../kit/command.ts'
import { UsageError } from '../kit/errors.ts'
import { withJsonResult } from '../kit/json-result.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const rotateSecretCommand = defineCommand<typeof ROTATE_OPTIONS, GcpIo>({
  name: 'rotate-secret',
  summary: 'Shows how to replace a secret without downtime; --apply runs the next steps.',
  arguments: [
    { name: 'NAME', isRequired: true, text: 'GATEWAY_HMAC_SECRET or LOG_WEBHOOK_SECRET' },
  ],
  options: ROTATE_OPTIONS,
  exitCodes: { 0: 'done or planned', 1: 'failed' },
  progress: 'Reading the secret',
  run: async (line, io) => {
    const [name] = line.positionals
    if (name === undefined) throw new UsageError('The name of a secret is required.')
    const options = toOptions({ ...line, positionals: [] }, [])
    const { rotateSecret } = await import('../gcp/secrets/rotate.ts')
    await withJsonResult(line.values.json, io, async (write) =>
      rotateSecret(name, options, await gcpDependencies({ ...io, write })),
    )
    return 0
  },
})
