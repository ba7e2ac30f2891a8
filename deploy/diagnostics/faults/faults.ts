import { API_FAULTS } from './api.ts'
import { CLIENT_FAULTS } from './clients.ts'
import { EDGE_FAULTS } from './edge.ts'
import type { Fault, Faults, Severity, Text } from './fault.ts'
import { GATEWAY_FAULTS } from './gateway.ts'
import { METADATA_FAULTS } from './metadata.ts'
import { PEOPLE_FAULTS } from './people.ts'
import { SIGN_IN_FAULTS } from './sign-in.ts'
import { SUBMISSION_FAULTS } from './submission.ts'
import { SUBMISSION_FORM_FAULTS } from './submission-form.ts'
import { TENANT_FAULTS } from './tenant.ts'
import { TOKEN_FAULTS } from './token.ts'

/** The subjects of the faults, as docs/faults.md lists them. */
export const FAULTS_BY_SUBJECT: Readonly<Record<string, Faults>> = {
  'Edge and reachability': EDGE_FAULTS,
  'Metadata and keys': METADATA_FAULTS,
  Gateway: GATEWAY_FAULTS,
  'Auth0 tenant': TENANT_FAULTS,
  'API and grants': API_FAULTS,
  Clients: CLIENT_FAULTS,
  'Organizations and token exchange': PEOPLE_FAULTS,
  'Sign-in': SIGN_IN_FAULTS,
  Token: TOKEN_FAULTS,
  "OpenAI's review: catalogue": SUBMISSION_FAULTS,
  "OpenAI's review: submission and deployment": SUBMISSION_FORM_FAULTS,
}

/** Every fault that `npm run doctor` and `npm run connect` report, by its id. */
export const FAULTS = {
  ...EDGE_FAULTS,
  ...METADATA_FAULTS,
  ...GATEWAY_FAULTS,
  ...TENANT_FAULTS,
  ...API_FAULTS,
  ...CLIENT_FAULTS,
  ...PEOPLE_FAULTS,
  ...SIGN_IN_FAULTS,
  ...TOKEN_FAULTS,
  ...SUBMISSION_FAULTS,
  ...SUBMISSION_FORM_FAULTS,
} as const satisfies Faults

export type FaultId = keyof typeof FAULTS

type DetailsOf<Member> = Member extends (details: infer Details) => string ? Details : object
/** The details that a check must pass for the texts of a fault. */
export type Details<Id extends FaultId> = DetailsOf<(typeof FAULTS)[Id]['why']> &
  DetailsOf<(typeof FAULTS)[Id]['fix']> &
  ((typeof FAULTS)[Id] extends { readonly where: infer Where } ? DetailsOf<Where> : object)

/** A fault as a check returns it: the observation, and the details for its texts. */
export type Observed = { [Id in FaultId]: ObservedAs<Id> }[FaultId] | ObservedPlain

interface Observation {
  /** The observation; never a token, secret or body. */
  readonly seen: string
  /** The severity, if it differs from the table. */
  readonly severity?: Severity
  readonly where?: string | undefined
}
type ObservedAs<Id extends FaultId> = Observation & {
  readonly id: Id
} & (object extends Details<Id>
    ? { readonly details?: Details<Id> }
    : { readonly details: Details<Id> })
interface ObservedPlain extends Observation {
  readonly id: PlainFaultId
  readonly details?: never
}

/** The ids of faults whose texts need no details. */
export type PlainFaultId = {
  [Id in FaultId]: object extends Details<Id> ? Id : never
}[FaultId]

export interface Explanation {
  readonly title: string
  readonly severity: Severity
  readonly why: string
  readonly fix: string
  readonly where: string | undefined
}

/** The texts of a fault with these details. */
export function explain(id: FaultId, details: object = {}): Explanation {
  const { title, severity, why, fix, where }: Fault = FAULTS[id]
  const toText = (text: Text) => (typeof text === 'string' ? text : text(details as never))
  return {
    title,
    severity,
    why: toText(why),
    fix: toText(fix),
    where: where === undefined ? undefined : toText(where),
  }
}

export function isFaultId(id: string): id is FaultId {
  return Object.hasOwn(FAULTS, id)
}
