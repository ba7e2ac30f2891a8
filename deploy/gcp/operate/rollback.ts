import { toShell } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import { createGcloud, errorOutput } from '../gcloud.ts'
import type { OperateDependencies } from './dependencies.ts'
import type { RollbackOptions } from './options.ts'
import { readPlace } from './place.ts'
import { createHostingClient, type HostingClient } from './releases.ts'
import { readFunctions } from './revisions.ts'
import { planRollback, type Rollback } from './rollback-plan.ts'

/**
 * Runs `npm run rollback`; returns the exit code.
 *
 * @throws DeployError or ConfigError.
 */
export async function rollback(
  options: RollbackOptions,
  dependencies: OperateDependencies,
): Promise<0 | 1> {
  const { run, write } = dependencies
  const { settings } = await readPlace(options, dependencies)
  const client = createHostingClient(settings, dependencies)
  const includesHosting =
    !options.toLatest && (options.names.length === 0 || options.names.includes('hosting'))
  const print = (text: string) => {
    if (!options.json) write(text)
  }
  const [{ functions }, hosting] = await Promise.all([
    readFunctions(settings, createGcloud(run)),
    includesHosting ? readHosting(client, options, print) : undefined,
  ])
  if (functions.length === 0) {
    throw new DeployError(
      `npm run deploy has created nothing in ${settings.project}, ${settings.region}.`,
    )
  }
  const { names, all, toLatest } = options
  const plan = planRollback({ place: settings, functions, hosting, names, all, toLatest })
  const changes = plan.filter(({ to }) => to !== undefined)
  print(plan.map((one) => `${describe(one)}\n`).join(''))
  if (options.apply) await apply(changes, client, dependencies, print)
  if (options.json) write(`${JSON.stringify({ applied: options.apply, plan }, undefined, 2)}\n`)
  else if (changes.length === 0) write('Nothing to change.\n')
  else write(options.apply ? `${doneMessage(toLatest)}\n` : `To apply it: ${again(options.args)}\n`)
  return changes.length === 0 && !toLatest ? 1 : 0
}

const doneMessage = (toLatest: boolean) =>
  toLatest
    ? 'The newest revisions have all traffic.'
    : 'Rolled back. New revisions get no traffic until you run npm run rollback -- --to-latest --apply'

function again(args: readonly string[]): string {
  return ['npm run rollback --', ...args, '--apply'].join(' ')
}

/** A deployment behind API Gateway has no Hosting, so a failure is fatal only if `hosting` was named. */
async function readHosting(
  client: HostingClient,
  { names }: RollbackOptions,
  print: (text: string) => void,
) {
  return client.read().catch((error: unknown) => {
    if (!(error instanceof DeployError) || names.includes('hosting')) throw error
    print(`Hosting is not changed. ${error.message}\n`)
    return undefined
  })
}

function describe({ part, from, to, toCreatedAt, skipped, command, release }: Rollback): string {
  if (to === undefined) return `# ${part}: ${from ?? 'nothing'} is kept: ${skipped}`
  const when = toCreatedAt ? ` of ${toCreatedAt}` : ''
  const what = command ? toShell(command) : `release ${release?.version} on ${release?.site} again`
  return `# ${part}: from ${from} to ${to}${when}\n${what}`
}

async function apply(
  changes: readonly Rollback[],
  client: HostingClient,
  { run }: OperateDependencies,
  print: (text: string) => void,
): Promise<void> {
  for (const [index, { part, to, command, release }] of changes.entries()) {
    print(`[${index + 1}/${changes.length}] ${part}: ${to}\n`)
    try {
      if (release) await client.release(release.site, release.version, release.message)
      if (command === undefined) continue
      const finished = await run(command)
      if (finished.code !== 0)
        throw new DeployError(`${toShell(command)}\n${errorOutput(finished)}`)
    } catch (error) {
      if (!(error instanceof DeployError)) throw error
      const done = changes.slice(0, index).map((one) => one.part)
      const rest = changes.slice(index).map((one) => one.part)
      throw new DeployError(
        `${error.message}\nRolled back: ${done.join(', ') || 'nothing'}. Not rolled back: ${rest.join(', ')}.`,
      )
    }
  }
}
