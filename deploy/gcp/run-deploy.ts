import { CATALOGUE_VARIABLES } from '../../shared/tools.ts'
import { CATALOGUE_FILE } from '../build/catalogue.ts'
import { ROOT } from '../build/functions.ts'
import { quantity } from '../kit/quantity.ts'
import { checkOrganisation } from './checks/organisation.ts'
import { pinnedTraffic } from './checks/traffic.ts'
import { type Command, toShell } from './command.ts'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import { createGcloud } from './gcloud.ts'
import { deployMonitoring } from './monitoring/run.ts'
import type { Options } from './options.ts'
import { type Deployment, inPhases, phasesOf, planDeployment } from './plan/plan.ts'
import {
  buildTargets,
  type Dependencies,
  type DesiredDeployment,
  readDesiredDeployment,
} from './prepare.ts'
import { readCurrentDeployment } from './reading/current-deployment.ts'
import { resolveDeployment } from './reading/resolve-deployment.ts'
import { settled } from './reading/settled.ts'
import { runSteps } from './run-steps.ts'
import { type DescribedStep, describeStep, toDescribed } from './step.ts'

const COMMAND_LINE = 'deploy/cli.ts'
const EMPTY_PLAN = 'This plan is for an empty project, because the project could not be read.'
const PLAN_WITHOUT_SITE = 'This plan may be incomplete, because the Hosting site could not be read.'

/** The result of a deployment or a dry run. */
export interface Deployed {
  readonly project: string
  readonly region: string
  readonly isDryRun: boolean
  readonly commands: readonly DescribedStep[]
  /** The URL to enter in ChatGPT; undefined if only monitoring is deployed. */
  readonly connector: string | undefined
}

/**
 * Runs `npm run deploy`.
 *
 * @throws DeployError or ConfigError with a message for people.
 */
export async function deploy(options: Options, dependencies: Dependencies): Promise<Deployed> {
  const { write } = dependencies
  const { args } = options
  const desired = await readDesiredDeployment(options, dependencies)
  for (const name of desired.unknown)
    write(`${options.envFile}: ${name} is not a known variable and is ignored\n`)
  for (const warning of desired.warnings) write(`Warning: ${warning}\n`)
  const { project, region } = desired.settings
  const place = { project, region, isDryRun: options.dryRun }
  write(`Project ${project}, region ${region}\n`)
  const phases = phasesOf(options.only, options.skip)
  const again = ['npm run deploy', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  if (phases.has('monitoring')) {
    const monitoring = await deployMonitoring(desired, { ...options, again }, dependencies)
    if (phases.size === 1) return { ...place, commands: monitoring, connector: undefined }
  }
  const { deployment, failure, isRead } = await prepare(desired, options, dependencies)
  const steps = inPhases(planDeployment(deployment), phases)
  if (phases.has('functions')) {
    const pinned = pinnedTraffic(deployment, options)
    if (pinned !== undefined && !options.dryRun) throw new DeployError(pinned)
    if (pinned !== undefined) write(`${pinned}\n`)
  }
  const doctor = phases.has('doctor') ? doctorCommand(desired, options) : undefined
  const connector = `${desired.env['PUBLIC_URL']?.trim()}/mcp`
  if (options.dryRun) {
    const commands = [...steps.map(describeStep), ...(doctor ? [toShell(doctor)] : [])]
    const caveat = failure === undefined ? [] : [isRead ? PLAN_WITHOUT_SITE : EMPTY_PLAN]
    const lines = [...commands, `Dry run: ${quantity(commands.length, 'command')}.`, ...caveat]
    write(`${lines.join('\n')}\n`)
    // If gcloud or firebase is not installed, a plan for an empty project is a valid result.
    if (failure === undefined || failure instanceof NotInstalledError) {
      return { ...place, commands: steps.map(toDescribed), connector }
    }
    throw new DeployError(
      `The project could not be read, so this plan may differ from the actual one.\n${failure.message}`,
    )
  }
  const gcloud = createGcloud(dependencies.run)
  await checkOrganisation(steps, deployment.state, desired.settings, gcloud, (message) =>
    write(`${message}\n`),
  )
  if (steps.length === 0) write('Nothing to change.\n')
  await runSteps(steps, { run: dependencies.run, write, again })
  write(`Deployed. Connector URL: ${connector}\n`)
  if (doctor !== undefined) await examine(doctor, deployment, desired, dependencies)
  return { ...place, commands: steps.map(toDescribed), connector }
}

interface Prepared {
  readonly deployment: Deployment
  /** Why a dry run could not read the project or its site. */
  readonly failure: DeployError | undefined
  /** False if the plan is for an empty project. */
  readonly isRead: boolean
}

/** Builds the functions, reads the current deployment and combines both. */
async function prepare(
  desired: DesiredDeployment,
  options: Options,
  dependencies: Dependencies,
): Promise<Prepared> {
  const { run, env, write } = dependencies
  const reading: Dependencies = {
    env,
    write,
    run: (command, more) => {
      if (options.dryRun) write(`# read\n${toShell(command)}\n`)
      return run(command, more)
    },
  }
  const [targets, found] = await Promise.allSettled([
    buildTargets(desired.targets, options.dist, dependencies),
    readCurrentDeployment(desired, options, reading),
  ])
  const { failure, ...current } = settled(found)
  return {
    deployment: await resolveDeployment(desired, settled(targets), current, options, reading),
    failure,
    isRead: current.isRead,
  }
}

/** doctor checks the whole deployment, so it runs only if all functions are deployed. */
function doctorCommand({ env }: DesiredDeployment, { functions }: Options): Command | undefined {
  if (functions.length > 0) return undefined
  return [process.execPath, `${ROOT}${COMMAND_LINE}`, 'doctor', env['PUBLIC_URL']?.trim() ?? '']
}

async function examine(
  doctor: Command,
  { targets }: Deployment,
  { env }: DesiredDeployment,
  { run, write }: Dependencies,
): Promise<void> {
  const given = Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const variables = Object.fromEntries(given)
  const gateway = targets.find(({ name }) => name === 'gateway')
  if (gateway !== undefined) {
    // Passes the catalogue as a file, because Linux limits an environment variable to 128 KiB.
    for (const name of CATALOGUE_VARIABLES) variables[name] = ''
    variables['TOOLS_FILE'] = `${gateway.directory}/${CATALOGUE_FILE}`
  }
  const { code, stdout, stderr } = await run(doctor, { env: variables })
  write(`${stdout}${stderr}`)
  if (code === 0) return
  throw new DeployError(
    `Deployment finished, but doctor found problems (above). To check again: npm run doctor -- ${env['PUBLIC_URL']?.trim()}`,
  )
}
