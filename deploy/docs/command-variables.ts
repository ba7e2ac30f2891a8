import type { gcpVariables } from '../gcp/settings.ts'
import type { CommandVariableText } from './variable-text.ts'

const DEPLOY = '`npm run deploy`'

/** The variables that `npm run deploy` reads for itself, in the order in which they are listed. */
export const DEPLOY_VARIABLES: Readonly<Record<keyof typeof gcpVariables, CommandVariableText>> = {
  GCP_PROJECT: {
    meaning: 'the Google Cloud project',
    default: "gcloud's own",
    sample: 'your-project',
    usedBy: DEPLOY,
  },
  GCP_REGION: {
    meaning: "where the functions run: one of Firebase Hosting's regions for Cloud Run",
    default: "gcloud's own, else `us-central1`",
    sample: 'us-central1',
    usedBy: DEPLOY,
  },
  GCP_MIN_INSTANCES: {
    meaning:
      'instances of the gateway that are kept warm and billed; with 0 the first call after a pause takes a second longer',
    default: '0',
    sample: '0',
    usedBy: DEPLOY,
  },
  GCP_MAX_INSTANCES: {
    meaning: 'the most instances of each function',
    default: '10',
    sample: '10',
    usedBy: DEPLOY,
  },
  GCP_ALERT_CHANNELS: {
    meaning: 'notification channels of the alert policies: ids, separated by commas',
    default: 'each policy keeps its channels',
    sample: '1234567890',
    usedBy: '`npm run deploy -- --only=monitoring`',
    more: ['notifications', 'operations.md#notifications'],
  },
  GCP_PREFIX: {
    meaning:
      'prefix of every name in the project, joined by a hyphen, so that several deployments can share it; at most 17 characters',
    sample: 'staging',
    usedBy: DEPLOY,
    more: ['environments', 'environments.md'],
  },
  HOSTING_SITE: {
    meaning: 'the Firebase Hosting site, which is created if it does not exist',
    default: "that of `PUBLIC_URL` on web.app, else the project's default site",
    sample: 'acme-mcp',
    usedBy: DEPLOY,
  },
  GCP_BUILD_SERVICE_ACCOUNT: {
    meaning: 'the service account that builds the functions, where the organisation requires one',
    default: "the project's own for builds",
    sample: 'builder@your-project.iam.gserviceaccount.com',
    usedBy: DEPLOY,
  },
  GCP_SECRET_LOCATIONS: {
    meaning:
      'locations of the secrets, separated by commas; required in an organisation with `gcp.resourceLocations`',
    default: 'Google chooses',
    sample: 'europe-west1,europe-west4',
    usedBy: DEPLOY,
  },
  GCP_VPC_NETWORK: {
    meaning:
      'the VPC network through which the gateway reaches private addresses, such as that of `REDIS_URL`',
    sample: 'default',
    usedBy: DEPLOY,
  },
  GCP_VPC_SUBNET: {
    meaning: 'the subnet of that network',
    sample: 'default',
    usedBy: DEPLOY,
  },
}

const HERE = '`npm start`; `connect` and `doctor` without a URL'

/** The variables of the local system alone, which the sample does not have. */
export const LOCAL_VARIABLES: Readonly<Record<'PORT' | 'TENANT_PORT', CommandVariableText>> = {
  PORT: { meaning: 'port of the origin', default: '8080', usedBy: HERE },
  TENANT_PORT: { meaning: 'port of the stand-in tenant', default: '8081', usedBy: HERE },
}
