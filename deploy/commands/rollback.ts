import { functionNames } from '../build/functions.ts'
import { ROLLBACK_OPTIONS, toRollbackOptions } from '../gcp/operate/options.ts'
import { defineCommand } from '../kit/command.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const rollbackCommand = defineCommand<typeof ROLLBACK_OPTIONS, GcpIo>({
  name: 'rollback',
  summary:
    'Shows how to return the functions and the site to their state before the last deployment; --apply does it.',
  arguments: [
    { name: 'PART', text: 'functions, or hosting, to roll back; default all', isVariadic: true },
  ],
  options: ROLLBACK_OPTIONS,
  exitCodes: { 0: 'done or planned', 1: 'failed, or nothing to roll back to' },
  progress: 'Reading the project',
  run: async (line, io) => {
    const options = toRollbackOptions(line, [...functionNames(), 'hosting'])
    const { rollback } = await import('../gcp/operate/rollback.ts')
    return rollback(options, { fetch, ...io, ...(await gcpDependencies(io)) })
  },
})
