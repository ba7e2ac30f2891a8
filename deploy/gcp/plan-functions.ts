import { object } from './json.ts'
import { entryPoint, OWNER_LABEL, SOURCE_LABEL, serviceAccountEmail } from './names.ts'
import type { Settings } from './settings.ts'
import type { DeployedFunction, State } from './state.ts'
import { newVersionOf, type Step, VARIABLES_FILE } from './step.ts'
import { FUNCTION_TIMEOUT_SECONDS, type Target } from './targets.ts'

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

/** The functions that are missing or not as they are to be. */
export function planFunctions(
  targets: readonly BuiltTarget[],
  state: State,
  settings: Settings,
): Step[] {
  return targets.flatMap((target): Step[] => {
    const deployed = state.functions.get(target.name)
    const variables = { ...target.variables, GOOGLE_CLOUD_PROJECT: settings.project }
    const wanted = { ...target, variables, secrets: secretVersions(target, state) }
    const changes = deployed === undefined ? ['new'] : changesOf(deployed, wanted, settings)
    const isPublic = deployed?.isPublic === true
    if (changes.length > 0) return [deployStep(wanted, { changes, isPublic }, settings)]
    return isPublic ? [] : [publicStep(target.name, settings)]
  })
}

/** The version of each secret that the function is to see: the latest, or the one that is to come. */
function secretVersions({ secrets }: Target, state: State): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => {
      const latest = state.secrets.get(name)?.latest
      return [name, latest?.value === value ? latest.version : newVersionOf(name)]
    }),
  )
}

/** What differs, in words; the deployed function may have variables of Google's own. */
function changesOf(deployed: DeployedFunction, wanted: BuiltTarget, settings: Settings): string[] {
  const { service } = deployed
  const { LOG_EXECUTION_ID: _, ...variables } = object(service['environmentVariables'])
  const secrets = Array.isArray(service['secretEnvironmentVariables'])
    ? service['secretEnvironmentVariables'].map(({ key, version }) => [key, version])
    : []
  const limits = {
    availableCpu: CPU,
    availableMemory: MEMORY,
    maxInstanceRequestConcurrency: CONCURRENCY,
    timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
    ingressSettings: 'ALLOW_ALL',
    serviceAccountEmail: serviceAccountEmail(wanted.name, settings.project),
    maxInstanceCount: settings.maxInstances,
    minInstanceCount: minInstances(wanted.name, settings),
  }
  const actual = { minInstanceCount: 0, ...service }
  const isLimited = Object.entries(limits).every(([name, value]) => object(actual)[name] === value)
  const isSame =
    deployed.entryPoint === entryPoint(wanted.name) && deployed.runtime === RUNTIME && isLimited
  return [
    ...(deployed.isActive ? [] : ['not active']),
    ...(deployed.labels[SOURCE_LABEL] === wanted.digest ? [] : ['source']),
    ...(equal(variables, wanted.variables) ? [] : ['variables']),
    ...(equal(Object.fromEntries(secrets), wanted.secrets) ? [] : ['secrets']),
    ...(isSame ? [] : ['settings']),
  ]
}

function deployStep(
  { name, directory, digest, variables, secrets }: BuiltTarget,
  { changes, isPublic }: { readonly changes: readonly string[]; readonly isPublic: boolean },
  settings: Settings,
): Step {
  const { project, region } = settings
  const pinned = Object.entries(secrets).map(([key, version]) => `${key}=${key}:${version}`)
  return {
    phase: 'functions',
    title: `deploy ${name} (${changes.join(', ')})`,
    command: [
      ...(['gcloud', 'functions', 'deploy', name] as const),
      ...[`--project=${project}`, `--region=${region}`, '--gen2', `--runtime=${RUNTIME}`],
      ...[`--source=${directory}`, `--entry-point=${entryPoint(name)}`, '--trigger-http'],
      // Hosting calls without credentials, and forwards the client's; the functions check those. One
      // that is open may be so by --no-invoker-iam-check, where allUsers would be refused.
      ...(isPublic ? [] : ['--allow-unauthenticated']),
      '--ingress-settings=all',
      `--service-account=${serviceAccountEmail(name, project)}`,
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
    hint: `If the build lacks a permission: the project's default build service account needs roles/cloudbuild.builds.builder.
If allUsers is refused (domain restricted sharing): ${noCheck(name, settings)}`,
  }
}

function publicStep(name: string, settings: Settings): Step {
  const { project, region } = settings
  return {
    phase: 'functions',
    title: `open ${name} to Hosting, which calls without credentials`,
    command: [
      ...(['gcloud', 'run', 'services', 'add-iam-policy-binding', name] as const),
      ...[`--project=${project}`, `--region=${region}`],
      ...['--member=allUsers', '--role=roles/run.invoker'],
    ],
    hint: `If allUsers is refused (domain restricted sharing): ${noCheck(name, settings)}`,
  }
}

function noCheck(name: string, { project, region }: Settings): string {
  return `gcloud run services update ${name} --no-invoker-iam-check --project=${project} --region=${region}`
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
