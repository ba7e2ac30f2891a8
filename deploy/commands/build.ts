import { ROOT } from '../build/functions.ts'
import { type CommandIo, defineCommand } from '../kit/command.ts'
import { withJsonResult } from '../kit/json-result.ts'

/** The inputs of `npm run build` beyond those of every command. */
export interface BuildIo extends CommandIo {
  /** Directory of the built functions; default `dist`. */
  readonly dist?: string
}

export const buildCommand = defineCommand<Record<never, never>, BuildIo>({
  name: 'build',
  summary: 'Builds the functions into dist/, with the catalogue from the environment.',
  arguments: [{ name: 'FUNCTION', text: 'functions to build; default all', isVariadic: true }],
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
