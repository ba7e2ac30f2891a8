import { CATALOGUE_VARIABLES } from '../../shared/tools.ts'
import { CATALOGUE_FILE } from '../build/catalogue.ts'
import { ROOT } from '../build/functions.ts'
import { checkOrganisation } from './checks/organisation.ts'
import { pinnedTraffic } from './checks/traffic.ts'
import { type Command, toShell } from './command.ts'
import { DeployError, NotInstalledError } from './deploy-error.ts'
import { createGcloud } from './gcloud.ts'
import { deployMonitoring } from './monitoring/run.ts'
import type { Options } from './options.ts'
import { type Deployment, inPhases, phasesOf, plan } from './plan/plan.ts'
import { buildTargets, type Dependencies, readWanted, type Wanted } from './prepare.ts'
import { decide } from './reading/decide.ts'
import { readFound } from './reading/found.ts'
import { settled } from './reading/settled.ts'
import { runSteps } from './run-steps.ts'
import { type DescribedStep, describeStep, toDescribed } from './step.ts'

const COMMAND_LINE = 'deploy/cli.ts'

/** What a deployment did, or would do. */
export interface Deployed {
  readonly project: string
  readonly region: string
  readonly isDryRun: boolean
  readonly commands: readonly DescribedStep[]
  /** The URL to enter in ChatGPT; undefined where nothing is deployed that has one. */
  readonly connector: string | undefined
}

/**
 * One run of `npm run deploy`.
 *
 * @throws DeployError or ConfigError for people to read.
 */
export async function deploy(options: Options, dependencies: Dependencies): Promise<Deployed> {
  const { write } = dependencies
  const { args } = options
  const wanted = await readWanted(options, dependencies)
  for (const name of wanted.unknown) write(`${options.envFile}: nothing reads ${name}\n`)
  const { project, region } = wanted.settings
  const place = { project, region, isDryRun: options.dryRun }
  write(`Project ${project}, region ${region}\n`)
  const phases = phasesOf(options.only, options.skip)
  const again = ['npm run deploy', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  if (phases.has('monitoring')) {
    const monitoring = await deployMonitoring(wanted, { ...options, again }, dependencies)
    if (phases.size === 1) return { ...place, commands: monitoring, connector: undefined }
  }
  const { deployment, failure } = await prepare(wanted, options, dependencies)
  const steps = inPhases(plan(deployment), phases)
  if (phases.has('functions')) {
    const pinned = pinnedTraffic(deployment, options)
    if (pinned !== undefined && !options.dryRun) throw new DeployError(pinned)
    if (pinned !== undefined) write(`${pinned}\n`)
  }
  const doctor = phases.has('doctor') ? doctorCommand(wanted, options) : undefined
  const connector = `${wanted.env['PUBLIC_URL']?.trim()}/mcp`
  if (options.dryRun) {
    const commands = [...steps.map(describeStep), ...(doctor ? [toShell(doctor)] : [])]
    write(`${[...commands, `${commands.length} commands, none of them run.`].join('\n')}\n`)
    // Without the programs, a plan for an empty project is what was asked for.
    if (failure === undefined || failure instanceof NotInstalledError) {
      return { ...place, commands: steps.map(toDescribed), connector }
    }
    throw new DeployError(
      `This plan is not for the project as it is: it could not be read.\n${failure.message}`,
    )
  }
  const gcloud = createGcloud(dependencies.run)
  await checkOrganisation(steps, deployment.state, wanted.settings, gcloud, (message) =>
    write(`${message}\n`),
  )
  if (steps.length === 0) write('There is nothing to change.\n')
  await runSteps(steps, { run: dependencies.run, write, again })
  write(`Deployed. The connector's URL: ${connector}\n`)
  if (doctor !== undefined) await examine(doctor, deployment, wanted, dependencies)
  return { ...place, commands: steps.map(toDescribed), connector }
}

/** Builds what is wanted, and meets it with what there is. */
async function prepare(
  wanted: Wanted,
  options: Options,
  dependencies: Dependencies,
): Promise<{ readonly deployment: Deployment; readonly failure: DeployError | undefined }> {
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
    buildTargets(wanted.targets, options.dist, dependencies),
    readFound(wanted, options, reading),
  ])
  const { failure, ...there } = settled(found)
  return {
    deployment: await decide(wanted, settled(targets), there, options, reading),
    failure,
  }
}

/** The doctor looks at all that is deployed, so it goes with all functions. */
function doctorCommand({ env }: Wanted, { functions }: Options): Command | undefined {
  if (functions.length > 0) return undefined
  return [process.execPath, `${ROOT}${COMMAND_LINE}`, 'doctor', env['PUBLIC_URL']?.trim() ?? '']
}

async function examine(
  doctor: Command,
  { targets }: Deployment,
  { env }: Wanted,
  { run, write }: Dependencies,
): Promise<void> {
  const given = Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const variables = Object.fromEntries(given)
  const gateway = targets.find(({ name }) => name === 'gateway')
  if (gateway !== undefined) {
    // By its file: on Linux a variable of a process may have 128 KiB.
    for (const name of CATALOGUE_VARIABLES) variables[name] = ''
    variables['TOOLS_FILE'] = `${gateway.directory}/${CATALOGUE_FILE}`
  }
  const { code, stdout, stderr } = await run(doctor, { env: variables })
  write(`${stdout}${stderr}`)
  if (code === 0) return
  throw new DeployError(
    `All is deployed, and not all is well: see above. To look again: npm run doctor -- ${env['PUBLIC_URL']?.trim()}`,
  )
}
