import type { gcpVariables } from '../gcp/settings.ts'
import type { CommandVariableText } from './variable-text.ts'

const DEPLOY = '`npm run deploy`'

/** The variables that only `npm run deploy` reads, in the order of the documents. */
export const DEPLOY_VARIABLES: Readonly<Record<keyof typeof gcpVariables, CommandVariableText>> = {
  GCP_PROJECT: {
    meaning: 'the Google Cloud project',
    default: "gcloud's own",
    sample: 'your-project',
    usedBy: DEPLOY,
  },
  GCP_REGION: {
    meaning: "where the functions run: one of Firebase Hosting's regions for Cloud Run",
    default: "gcloud's own, otherwise `us-central1`",
    sample: 'us-central1',
    usedBy: DEPLOY,
  },
  GCP_MIN_INSTANCES: {
    meaning:
      'minimum number of warm instances of the gateway, which are billed continuously; with 0 the first call after a pause takes a second longer',
    default: '0',
    sample: '0',
    usedBy: DEPLOY,
  },
  GCP_MAX_INSTANCES: {
    meaning: 'maximum number of instances of each function',
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
      'prefix of every name, followed by a hyphen, so that several deployments can share the project; at most 17 characters',
    sample: 'staging',
    usedBy: DEPLOY,
    more: ['environments', 'environments.md'],
  },
  HOSTING_SITE: {
    meaning: 'the Firebase Hosting site, which is created if it does not exist',
    default: "the site of `PUBLIC_URL` on web.app, otherwise the project's default site",
    sample: 'acme-mcp',
    usedBy: DEPLOY,
  },
  GCP_BUILD_SERVICE_ACCOUNT: {
    meaning: 'the service account that builds the functions, if the organisation requires one',
    default: "the project's default build account",
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

/** The variables that only the local system reads; `.env.yaml.sample` does not have them. */
export const LOCAL_VARIABLES: Readonly<Record<'PORT' | 'TENANT_PORT', CommandVariableText>> = {
  PORT: {
    meaning: 'port of the local origin',
    default: '8080',
    usedBy: '`npm start`; `connect` and `doctor` without a URL; `preview` without `--url`',
  },
  TENANT_PORT: {
    meaning: 'port of the Auth0 emulator',
    default: '8081',
    usedBy: '`npm start`; `npm run emulator` without `--port`',
  },
}
