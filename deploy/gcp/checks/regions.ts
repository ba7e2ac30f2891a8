/**
 * The regions in which Firebase Hosting supports rewrites to Cloud Run services
 * (https://firebase.google.com/docs/hosting/cloud-run#supported-regions).
 */
export const HOSTING_REGIONS: ReadonlySet<string> = new Set([
  ...['asia-east1', 'asia-east2', 'asia-northeast1', 'asia-northeast2', 'asia-northeast3'],
  ...['asia-south1', 'asia-south2', 'asia-southeast1', 'asia-southeast2'],
  ...['australia-southeast1', 'australia-southeast2'],
  ...['europe-central2', 'europe-north1', 'europe-southwest1', 'europe-west1', 'europe-west12'],
  ...['europe-west2', 'europe-west3', 'europe-west4', 'europe-west6', 'europe-west8'],
  ...['europe-west9', 'me-central1', 'me-west1'],
  ...['northamerica-northeast1', 'northamerica-northeast2'],
  ...['southamerica-east1', 'southamerica-west1'],
  ...['us-central1', 'us-east1', 'us-east4', 'us-east5', 'us-south1'],
  ...['us-west1', 'us-west2', 'us-west3', 'us-west4'],
])

/** Further regions of Cloud Run (https://cloud.google.com/run/docs/locations). */
const OTHER_REGIONS: ReadonlySet<string> = new Set([
  ...['africa-south1', 'europe-north2', 'europe-west10', 'me-central2', 'northamerica-south1'],
])

/** Returns why the region cannot be used, or undefined. `isServed`: Hosting must reach it. */
export function regionFault(region: string, isServed: boolean): string | undefined {
  if (HOSTING_REGIONS.has(region)) return undefined
  if (!OTHER_REGIONS.has(region)) {
    return `must be a region of Cloud Run, not ${region}. Firebase Hosting supports ${list()}`
  }
  if (!isServed) return undefined
  return `must be a region that Firebase Hosting supports, not ${region}. Choose ${list()}, or skip Hosting with --skip=hosting`
}

function list(): string {
  return [...HOSTING_REGIONS].join(', ')
}
