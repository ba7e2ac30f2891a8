import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { Service } from '../state/services.ts'
import type { Step } from '../step.ts'

/** Moves the traffic of a service to its latest revision, where it is pinned to others. */
export function planTraffic(name: string, run: Service | undefined, settings: Settings): Step[] {
  if (run === undefined || run.pinned.length === 0) return []
  const id = resourceName(name, settings)
  return [
    {
      phase: 'functions',
      title: `move all traffic of ${id} to its latest revision`,
      command: [
        ...(['gcloud', 'run', 'services', 'update-traffic', id, '--to-latest'] as const),
        ...[`--project=${settings.project}`, `--region=${settings.region}`, '--quiet'],
      ],
    },
  ]
}

/**
 * Connects the gateway to the VPC network that is configured, so that it reaches private addresses, or
 * disconnects it from one that no longer is.
 */
export function planNetwork(
  name: string,
  run: Service | undefined,
  isDeployed: boolean,
  settings: Settings,
): Step[] {
  if (name !== 'gateway') return []
  const { network, subnet } = settings
  if (network === undefined && subnet === undefined) return planDisconnection(name, run, settings)
  const isConnected =
    isSame(run?.network, network) && isSame(run?.subnet, subnet) && run !== undefined
  // gcloud's `functions deploy` has no flags for it, and may leave the new revision without.
  if (isConnected && !isDeployed) return []
  const id = resourceName(name, settings)
  return [
    {
      phase: 'functions',
      title: `connect ${id} to the network ${network ?? `of ${subnet}`}`,
      command: update(id, settings, [
        ...(network === undefined ? [] : [`--network=${network}`]),
        ...(subnet === undefined ? [] : [`--subnet=${subnet}`]),
        '--vpc-egress=private-ranges-only',
      ]),
      hint: 'The subnet must be in the same region as the functions. For a shared VPC, give the full names (projects/HOST/...).',
    },
  ]
}

function planDisconnection(name: string, run: Service | undefined, settings: Settings): Step[] {
  const connected = run?.network ?? run?.subnet
  if (connected === undefined) return []
  const id = resourceName(name, settings)
  return [
    {
      phase: 'functions',
      title: `disconnect ${id} from the network ${connected}: GCP_VPC_NETWORK and GCP_VPC_SUBNET are not set`,
      command: update(id, settings, ['--clear-network']),
    },
  ]
}

function update(
  id: string,
  { project, region }: Settings,
  flags: readonly string[],
): Step['command'] {
  return [
    ...(['gcloud', 'run', 'services', 'update', id] as const),
    ...[...flags, `--project=${project}`, `--region=${region}`, '--quiet'],
  ]
}

function isSame(actual: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || actual === wanted || wanted.endsWith(`/${actual}`)
}
