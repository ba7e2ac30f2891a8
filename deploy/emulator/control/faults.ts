import { z } from 'zod'

const milliseconds = z.int().min(0).max(600_000)

const failure = z.strictObject({
  method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']),
  /** Below `/api/v2`, or `/oauth/token`; a part in braces, as in `/clients/{id}`, stands for any. */
  path: z.string().startsWith('/'),
  /** 200 = the body of a refusal all the same, as a proxy may send it. */
  status: z.union([z.literal(200), z.int().min(400).max(599)]),
  message: z.string().optional(),
  errorCode: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Only calls whose body has this member fail. */
  member: z.string().optional(),
  /** How many such calls fail; as long as this is staged unless said. */
  times: z.int().min(0).max(1_000_000).optional(),
})

/** The next `times` calls are answered 429. */
const rateLimit = z
  .strictObject({
    times: z.int().min(0).max(1_000_000),
    retryAfterSeconds: z.int().min(0).max(3_600).default(1),
  })
  .nullable()

const management = z.strictObject({
  /** Before every answer of the Management API. */
  latencyMs: milliseconds,
  rateLimit,
  /** More are answered 429; the Free plan allows 2. */
  callsPerSecond: z.int().min(1).max(1_000_000),
  /** After so many more calls all others are answered with `status`, until this is taken back. */
  failAfter: z
    .strictObject({
      calls: z.int().min(0).max(1_000_000),
      status: z.int().min(400).max(599).default(503),
    })
    .nullable(),
  /** After so many more calls the connection breaks, until this is taken back. */
  breakAfter: z
    .strictObject({
      calls: z.int().min(0).max(1_000_000),
      /** The last of them is carried out, and its answer lost. */
      losesAnswer: z.boolean().default(false),
    })
    .nullable(),
  /** Calls that fail, one or several; null = none. */
  fail: z
    .union([failure.transform((one) => [one]), z.array(failure)])
    .nullable()
    .transform((all) => all ?? []),
  /** What the Management API client is granted; null = every scope that there is. */
  scopes: z.array(z.string().regex(/^[a-z_]+:[a-z_]+$/, 'must be like read:clients')).nullable(),
  /** Whether tokens and the responses that they come in name their scopes. */
  namesScopes: z.boolean(),
  /** For so long a new client is not found. */
  newClientNotFoundMs: milliseconds,
})

const registration = z.strictObject({
  rateLimit,
  /** Registrations per second, as Auth0 limits them to 5; null = as many as come. */
  perSecond: z.int().min(1).max(1_000).nullable(),
  /** The answer to every registration, none of which is carried out. */
  answer: z
    .strictObject({
      status: z.int().min(200).max(599),
      body: z.record(z.string(), z.unknown()).default({}),
      headers: z.record(z.string(), z.string()).default({}),
    })
    .nullable(),
  /** When the connection breaks: before a registration is carried out, or when it has been. */
  breaks: z.enum(['before', 'afterwards']).nullable(),
})

const cimdUrl = z.url({ protocol: /^https?$/ })

/** Trouble as `POST /__tenant` stages it; a member that is not there stays as it is. */
export const faultsChange = z.strictObject({
  management: management.partial().optional(),
  registration: registration.partial().optional(),
  /** The most clients that there may be, the Management API's own not counted; null = no limit. */
  entityLimit: z.int().min(0).max(100_000).nullable().optional(),
  /** Whether access tokens are encrypted, which makes five parts of them. */
  encryptTokens: z.boolean().optional(),
  /** Before every answer but those of `/__tenant`. */
  latencyMs: milliseconds.optional(),
  /** Client ID Metadata Documents by their URL, instead of what is there. */
  cimdDocuments: z.record(cimdUrl, z.unknown()).optional(),
  /** What an import finds wrong with any document, after a preview without faults. */
  cimdViolations: z.array(z.string()).optional(),
})

/** What is staged now. */
export interface Faults {
  readonly management: z.infer<typeof management>
  readonly registration: z.infer<typeof registration>
  readonly entityLimit: number | null
  readonly encryptTokens: boolean
  readonly latencyMs: number
  readonly cimdDocuments: Readonly<Record<string, unknown>>
  readonly cimdViolations: readonly string[]
}

/** Of a tenant without trouble. */
export const NO_FAULTS: Faults = {
  management: {
    latencyMs: 0,
    rateLimit: null,
    callsPerSecond: 50,
    failAfter: null,
    breakAfter: null,
    fail: [],
    scopes: null,
    namesScopes: true,
    newClientNotFoundMs: 0,
  },
  registration: { rateLimit: null, perSecond: null, answer: null, breaks: null },
  entityLimit: null,
  encryptTokens: false,
  latencyMs: 0,
  cimdDocuments: {},
  cimdViolations: [],
}

export function changeFaults(faults: Faults, change: z.infer<typeof faultsChange>): Faults {
  return {
    ...faults,
    ...given(change),
    management: { ...faults.management, ...given(change.management ?? {}) },
    registration: { ...faults.registration, ...given(change.registration ?? {}) },
  }
}

/** A member that is not there leaves a setting as it is, one that is undefined would unset it. */
export function given<Value extends object>(value: Value) {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members) as { [Name in keyof Value]: Exclude<Value[Name], undefined> }
}
