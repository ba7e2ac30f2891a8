import { functionNames } from '../build/functions.ts'
import { DESTROY_OPTIONS, toOptions } from '../gcp/options.ts'
import { defineCommand } from '../kit/command.ts'
import { withJsonResult } from '../kit/json-result.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const destroyCommand = defineCommand<typeof DESTROY_OPTIONS, GcpIo>({
  name: 'destroy',
  summary: 'Lists what npm run deploy created in a project; --apply removes it.',
  arguments: [
    { name: 'FUNCTION', text: 'functions to remove; default everything', isVariadic: true },
  ],
  options: DESTROY_OPTIONS,
  exitCodes: { 0: 'done or nothing to do', 1: 'failed, or not applied because --apply is missing' },
  progress: 'Reading the project',
  run: async (line, io) => {
    const options = toOptions(line, functionNames())
    const { destroy } = await import('../gcp/run-destroy.ts')
    const { isApplied, commands } = await withJsonResult(line.values.json, io, async (write) =>
      destroy(options, await gcpDependencies({ ...io, write })),
    )
    if (isApplied || options.dryRun || commands.length === 0) return 0
    io.writeError('To apply them: npm run destroy -- --apply\n')
    return 1
  },
})
