import { object } from '../json.ts'
import {
  entryPoint,
  OWNER_LABEL,
  resourceName,
  SOURCE_LABEL,
  serviceAccountEmail,
} from '../names.ts'
import type { Settings } from '../settings.ts'
import { pinsOf } from '../state/functions.ts'
import type { DeployedFunction, State } from '../state/state.ts'
import { newVersionOf, type Step, VARIABLES_FILE } from '../step.ts'
import { FUNCTION_TIMEOUT_SECONDS, type Target } from '../targets.ts'
import { openingFallback, planOpening } from './opening.ts'
import { isStored } from './secrets.ts'
import { planNetwork, planTraffic } from './services.ts'

/** A target, built. */
export interface BuiltTarget extends Target {
  /** Directory to upload. */
  readonly directory: string
  /** Digest of that directory, as a label's value. */
  readonly digest: string
}

const RUNTIME = 'nodejs24'
const CPU = '1'
const MEMORY = '512Mi'
const CONCURRENCY = 80

/**
 * The functions that are missing or not as they are to be, then what their services lack.
 * `update`: as for `planSecrets`.
 */
export function planFunctions(
  targets: readonly BuiltTarget[],
  state: State,
  settings: Settings,
  update = false,
): Step[] {
  const planned = targets.map((target) => {
    const deployed = state.functions.get(target.name)
    const variables = { ...target.variables, GOOGLE_CLOUD_PROJECT: settings.project }
    const secrets = secretVersions(target, state, settings, update)
    const wanted = { ...target, variables, secrets }
    const changes = deployed === undefined ? ['new'] : changesOf(deployed, wanted, settings)
    return { wanted, deployed, changes }
  })
  return [
    ...planned
      .filter(({ changes }) => changes.length > 0)
      .map(({ wanted, deployed, changes }) => deployStep(wanted, { changes, deployed }, settings)),
    ...planned
      .filter(({ deployed, changes }) => changes.length === 0 && deployed?.isPublic === false)
      .map(({ wanted: { name } }) => planOpening(name, settings)),
    ...planned.flatMap(({ wanted: { name }, deployed, changes }) => [
      ...planNetwork(name, deployed?.run, changes.length > 0, settings),
      ...(changes.length === 0 ? planTraffic(name, deployed?.run, settings) : []),
    ]),
  ]
}

/** The version of each secret that the function is to see: the latest, or the one that is to come. */
function secretVersions(
  { secrets }: Target,
  state: State,
  settings: Settings,
  update: boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => {
      const stored = state.secrets.get(name)
      const version = isStored(stored, value, update) ? stored?.latest?.version : undefined
      return [name, version ?? newVersionOf(resourceName(name, settings))]
    }),
  )
}

/** What differs, in words; the deployed function may have variables of Google's own. */
function changesOf(deployed: DeployedFunction, wanted: BuiltTarget, settings: Settings): string[] {
  const { service } = deployed
  const { LOG_EXECUTION_ID: _, ...variables } = object(service['environmentVariables'])
  const secrets = pinsOf({ service }).map(({ key, version }) => [key, version])
  const limits = {
    availableCpu: CPU,
    availableMemory: MEMORY,
    maxInstanceRequestConcurrency: CONCURRENCY,
    timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
    ingressSettings: 'ALLOW_ALL',
    serviceAccountEmail: serviceAccountEmail(wanted.name, settings),
    maxInstanceCount: settings.maxInstances,
    minInstanceCount: minInstances(wanted.name, settings),
  }
  const actual = { minInstanceCount: 0, ...service }
  const isLimited = Object.entries(limits).every(([name, value]) => object(actual)[name] === value)
  const { buildAccount } = settings
  const isBuiltAsAsked =
    buildAccount === undefined || String(deployed.buildAccount).endsWith(`/${buildAccount}`)
  const isSame =
    deployed.entryPoint === entryPoint(wanted.name) && deployed.runtime === RUNTIME && isLimited
  return [
    ...(deployed.isActive ? [] : ['not active']),
    ...(deployed.labels[SOURCE_LABEL] === wanted.digest ? [] : ['source']),
    ...(equal(variables, wanted.variables) ? [] : ['variables']),
    ...(equal(Object.fromEntries(secrets), wanted.secrets) ? [] : ['secrets']),
    ...(isSame && isBuiltAsAsked ? [] : ['settings']),
  ]
}

function deployStep(
  { name, directory, digest, variables, secrets }: BuiltTarget,
  {
    changes,
    deployed,
  }: { readonly changes: readonly string[]; readonly deployed: DeployedFunction | undefined },
  settings: Settings,
): Step {
  const { project, region, buildAccount } = settings
  const id = resourceName(name, settings)
  const pinned = Object.entries(secrets).map(
    ([key, version]) => `${key}=${resourceName(key, settings)}:${version}`,
  )
  const isPublic = deployed?.isPublic === true
  const isPinned = (deployed?.run?.pinned.length ?? 0) > 0
  return {
    phase: 'functions',
    title: `deploy ${id} (${changes.join(', ')})`,
    command: [
      ...(['gcloud', 'functions', 'deploy', id] as const),
      ...[`--project=${project}`, `--region=${region}`, '--gen2', `--runtime=${RUNTIME}`],
      ...[`--source=${directory}`, `--entry-point=${entryPoint(name)}`, '--trigger-http'],
      // Hosting calls without credentials, and forwards the client's; the functions check those. One
      // that is open may be so by --no-invoker-iam-check, where allUsers would be refused.
      ...(isPublic ? [] : ['--allow-unauthenticated']),
      ...(isPinned ? ['--serve-all-traffic-latest-revision'] : []),
      '--ingress-settings=all',
      `--service-account=${serviceAccountEmail(name, settings)}`,
      ...(buildAccount === undefined
        ? []
        : [`--build-service-account=projects/${project}/serviceAccounts/${buildAccount}`]),
      ...[`--cpu=${CPU}`, `--memory=${MEMORY}`, `--concurrency=${CONCURRENCY}`],
      `--min-instances=${minInstances(name, settings)}`,
      `--max-instances=${settings.maxInstances}`,
      `--timeout=${FUNCTION_TIMEOUT_SECONDS}s`,
      `--env-vars-file=${VARIABLES_FILE}`,
      pinned.length > 0 ? `--set-secrets=${pinned.join(',')}` : '--clear-secrets',
      `--update-labels=${OWNER_LABEL.key}=${OWNER_LABEL.value},${SOURCE_LABEL}=${digest}`,
      '--quiet',
    ],
    variables,
    group: 'functions',
    ...(isPublic ? {} : { fallback: openingFallback(name, settings) }),
    hint: `If the build lacks a permission: its service account needs roles/cloudbuild.builds.builder; GCP_BUILD_SERVICE_ACCOUNT names another.`,
  }
}

/** Only the gateway is kept warm: it is what people wait for. */
function minInstances(name: string, settings: Settings): number {
  return name === 'gateway' ? settings.minInstances : 0
}

function equal(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  const names = Object.keys({ ...a, ...b })
  return names.every((name) => a[name] === b[name])
}
