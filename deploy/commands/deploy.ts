import { functionNames } from '../build/functions.ts'
import { DEPLOY_OPTIONS, toOptions } from '../gcp/options.ts'
import { defineCommand } from '../kit/command.ts'
import { withJsonResult } from '../kit/json-result.ts'
import { type GcpIo, gcpDependencies } from './gcp-io.ts'

export const deployCommand = defineCommand<typeof DEPLOY_OPTIONS, GcpIo>({
  name: 'deploy',
  summary: 'Builds and deploys the functions, their secrets and Hosting to Google Cloud.',
  arguments: [
    {
      name: 'FUNCTION',
      text: 'functions to deploy; default all functions, Hosting and doctor',
      isVariadic: true,
    },
  ],
  options: DEPLOY_OPTIONS,
  exitCodes: { 0: 'done', 1: 'failed, or doctor found a fault' },
  progress: 'Preparing the deployment',
  run: async (line, io) => {
    const options = toOptions(line, functionNames())
    const { deploy } = await import('../gcp/run-deploy.ts')
    await withJsonResult(line.values.json, io, async (write) =>
      deploy(options, await gcpDependencies({ ...io, write })),
    )
    return 0
  },
})
