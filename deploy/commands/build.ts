import { ROOT } from '../build/functions.ts'
import { type CommandIo, defineCommand } from '../kit/command.ts'
import { withJsonResult } from '../kit/json-result.ts'

/** What `npm run build` may get besides what every command gets. */
export interface BuildIo extends CommandIo {
  /** Directory of the built functions; by default `dist`. */
  readonly dist?: string
}

export const buildCommand = defineCommand<Record<never, never>, BuildIo>({
  name: 'build',
  summary: 'Builds the functions into dist/, with the catalogue that the environment gives.',
  usage: '[-- function...]',
  arguments: [{ name: 'function', text: 'by default all', isVariadic: true }],
  options: {},
  exitCodes: { 0: 'done', 1: 'failed' },
  progress: 'Building',
  run: async ({ values, positionals }, io) => {
    const { runBuild } = await import('../build/run-build.ts')
    const { env, writeError, dist = `${ROOT}dist` } = io
    await withJsonResult(values.json, io, async (write) => ({
      functions: await runBuild(positionals, { env, dist, write, writeError }),
    }))
    return 0
  },
})
