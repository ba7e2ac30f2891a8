import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import type { Service } from '../state/services.ts'
import type { DeployStep } from '../step.ts'

/** Plans to move a service's pinned traffic to its latest revision. */
export function planTraffic(
  name: string,
  run: Service | undefined,
  settings: Settings,
): DeployStep[] {
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
 * Plans the gateway's connection to the configured VPC network, which it needs to reach private
 * addresses, or the disconnection from a network that is no longer configured.
 */
export function planNetwork(
  name: string,
  run: Service | undefined,
  isDeployed: boolean,
  settings: Settings,
): DeployStep[] {
  if (name !== 'gateway') return []
  const { network, subnet } = settings
  if (network === undefined && subnet === undefined) return planDisconnection(name, run, settings)
  const isConnected =
    isSame(run?.network, network) && isSame(run?.subnet, subnet) && run !== undefined
  // `gcloud functions deploy` has no network flags, so a new revision may not be connected.
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
      hint: 'The subnet must be in the same region as the functions. For a shared VPC, set the full names (projects/HOST/...).',
    },
  ]
}

function planDisconnection(
  name: string,
  run: Service | undefined,
  settings: Settings,
): DeployStep[] {
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
): DeployStep['command'] {
  return [
    ...(['gcloud', 'run', 'services', 'update', id] as const),
    ...[...flags, `--project=${project}`, `--region=${region}`, '--quiet'],
  ]
}

function isSame(actual: string | undefined, desired: string | undefined): boolean {
  return desired === undefined || actual === desired || desired.endsWith(`/${actual}`)
}
