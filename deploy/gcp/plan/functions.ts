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
import { type DeployStep, newVersionOf, VARIABLES_FILE } from '../step.ts'
import { FUNCTION_TIMEOUT_SECONDS, type Target } from '../targets.ts'
import { planPublicAccess, publicAccessFallback } from './public-access.ts'
import { isStored } from './secrets.ts'
import { planNetwork, planTraffic } from './services.ts'

/** A built target. */
export interface BuiltTarget extends Target {
  /** Directory to upload. */
  readonly directory: string
  /** Digest of that directory, as a label value. */
  readonly digest: string
}

const RUNTIME = 'nodejs24'
const CPU = '1'
const MEMORY = '512Mi'
const CONCURRENCY = 80

/**
 * Plans the functions that are missing or differ, then the access, network and traffic of their
 * services. `update`: see `planSecrets`.
 */
export function planFunctions(
  targets: readonly BuiltTarget[],
  state: State,
  settings: Settings,
  update = false,
): DeployStep[] {
  const planned = targets.map((target) => {
    const deployed = state.functions.get(target.name)
    const variables = { ...target.variables, GOOGLE_CLOUD_PROJECT: settings.project }
    const secrets = secretVersions(target, state, settings, update)
    const desired = { ...target, variables, secrets }
    const changes = deployed === undefined ? ['new'] : changesOf(deployed, desired, settings)
    return { desired, deployed, changes }
  })
  return [
    ...planned
      .filter(({ changes }) => changes.length > 0)
      .map(({ desired, deployed, changes }) =>
        deployStep(desired, { changes, deployed }, settings),
      ),
    ...planned
      .filter(({ deployed, changes }) => changes.length === 0 && deployed?.isPublic === false)
      .map(({ desired: { name } }) => planPublicAccess(name, settings)),
    ...planned.flatMap(({ desired: { name }, deployed, changes }) => [
      ...planNetwork(name, deployed?.run, changes.length > 0, settings),
      ...(changes.length === 0 ? planTraffic(name, deployed?.run, settings) : []),
    ]),
  ]
}

/** The version of each secret for the function: the latest one, or the one that this run adds. */
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

/** Names what differs. Ignores the variable that Google adds. */
function changesOf(deployed: DeployedFunction, desired: BuiltTarget, settings: Settings): string[] {
  const { service } = deployed
  const { LOG_EXECUTION_ID: _, ...variables } = object(service['environmentVariables'])
  const secrets = pinsOf({ service }).map(({ key, version }) => [key, version])
  const limits = {
    availableCpu: CPU,
    availableMemory: MEMORY,
    maxInstanceRequestConcurrency: CONCURRENCY,
    timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
    ingressSettings: 'ALLOW_ALL',
    serviceAccountEmail: serviceAccountEmail(desired.name, settings),
    maxInstanceCount: settings.maxInstances,
    minInstanceCount: minInstances(desired.name, settings),
  }
  const actual = { minInstanceCount: 0, ...service }
  const isLimited = Object.entries(limits).every(([name, value]) => object(actual)[name] === value)
  const { buildAccount } = settings
  const hasBuildAccount =
    buildAccount === undefined || String(deployed.buildAccount).endsWith(`/${buildAccount}`)
  const isSame =
    deployed.entryPoint === entryPoint(desired.name) && deployed.runtime === RUNTIME && isLimited
  return [
    ...(deployed.isActive ? [] : ['not active']),
    ...(deployed.labels[SOURCE_LABEL] === desired.digest ? [] : ['source']),
    ...(equal(variables, desired.variables) ? [] : ['variables']),
    ...(equal(Object.fromEntries(secrets), desired.secrets) ? [] : ['secrets']),
    ...(isSame && hasBuildAccount ? [] : ['settings']),
  ]
}

function deployStep(
  { name, directory, digest, variables, secrets }: BuiltTarget,
  {
    changes,
    deployed,
  }: { readonly changes: readonly string[]; readonly deployed: DeployedFunction | undefined },
  settings: Settings,
): DeployStep {
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
      // Hosting sends only the client's credentials, which the functions check. A public function may be
      // public by --no-invoker-iam-check, where the organisation refuses allUsers.
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
    ...(isPublic ? {} : { fallback: publicAccessFallback(name, settings) }),
    hint: `If the build lacks a permission, grant its service account roles/cloudbuild.builds.builder, or set GCP_BUILD_SERVICE_ACCOUNT to another account.`,
  }
}

/** Only the gateway keeps warm instances, because users wait for its responses. */
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
