import { functionNames } from '../build/functions.ts'
import { DESTROY_OPTIONS, toOptions } from '../gcp/options.ts'
import { defineCommand } from '../kit/command.ts'
import { withJsonResult } from '../kit/json-result.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const destroyCommand = defineCommand<typeof DESTROY_OPTIONS, GcpIo>({
  name: 'destroy',
  summary: 'Shows what npm run deploy made in a project; --apply removes it.',
  usage: '[-- function...] [-- options]',
  arguments: [
    { name: 'function', text: 'by default all, and what goes with them', isVariadic: true },
  ],
  options: DESTROY_OPTIONS,
  exitCodes: { 0: 'done or nothing to do', 1: 'failed, or not carried out for lack of --apply' },
  progress: 'Reading the project',
  run: async (line, io) => {
    const options = toOptions(line, functionNames())
    const { destroy } = await import('../gcp/run-destroy.ts')
    const { isApplied, commands } = await withJsonResult(line.values.json, io, async (write) =>
      destroy(options, await gcpDependencies({ ...io, write })),
    )
    if (isApplied || options.dryRun || commands.length === 0) return 0
    io.writeError('To carry them out: npm run destroy -- --apply\n')
    return 1
  },
})
