import { STATUS_OPTIONS, toStatusOptions } from '../gcp/operate/options.ts'
import { defineCommand } from '../kit/command.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const statusCommand = defineCommand<typeof STATUS_OPTIONS, GcpIo>({
  name: 'status',
  summary:
    'Shows what is deployed where and since when, which revision has traffic, and whether it is healthy.',
  options: STATUS_OPTIONS,
  exitCodes: { 0: 'deployed and healthy', 1: 'not deployed or not healthy' },
  progress: 'Reading the project',
  run: async (line, io) => {
    const { status } = await import('../gcp/operate/status.ts')
    const dependencies = { fetch, ...io, ...(await gcpDependencies(io)) }
    return status(toStatusOptions(line), dependencies, io.style)
  },
})
