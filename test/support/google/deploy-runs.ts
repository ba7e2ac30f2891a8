import { afterAll, beforeAll } from 'vitest'
import type { Built } from '../../../deploy/build/build.ts'
import { type BuiltFunctions, buildAll } from '../build.ts'
import { type CommandResult, runHere, VARIABLES, writeEnvFile } from './deploy.ts'
import type { Invocation, TestCommands } from './fake-commands.ts'

/** Builds the functions once per test file. Returns a function that finds one by its name. */
export function builtOnce(): (name: string) => Promise<Built> {
  let built: BuiltFunctions
  beforeAll(async () => {
    built = await buildAll()
  })
  afterAll(() => built[Symbol.asyncDispose]())
  return async (name) => built.functions.get(name) as Built
}

/** The command line of an invocation. */
export const line = ({ program, args }: Invocation) => [program, ...args].join(' ')
export const flagsOf = (one: string) => one.split(' ').filter((word) => word.startsWith('--'))

/** Runs of deploy and destroy with fake commands, and the commands that they called. */
export function runsWith(commands: TestCommands) {
  const build = builtOnce()

  async function run(
    args: readonly string[],
    {
      variables = VARIABLES,
      command = 'deploy',
      env = {},
    }: {
      readonly variables?: Readonly<Record<string, unknown>>
      readonly command?: 'deploy' | 'destroy'
      readonly env?: Readonly<Record<string, string>>
    } = {},
  ): Promise<CommandResult> {
    const file = writeEnvFile(commands.directory, variables)
    const places = [`--env-file=${file}`, `--dist=${commands.directory}/dist`]
    return runHere(command, [...places, ...args], env, commands.run, build)
  }

  const lines = () => commands.invocations().map(line)
  const READ = /\b(config get|describe|list|get-iam-policy|access|hosting:channel:list)\b/
  const changes = () => lines().filter((one) => !READ.test(one))

  return { run, lines, changes }
}
