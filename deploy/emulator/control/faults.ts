import { z } from 'zod'

const milliseconds = z.int().min(0).max(600_000)

const failure = z.strictObject({
  method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']),
  /** A path below `/api/v2`, or `/oauth/token`; a segment in braces, as in `/clients/{id}`, matches any. */
  path: z.string().startsWith('/'),
  /** 200 = an error body with status 200, as a proxy may send it. */
  status: z.union([z.literal(200), z.int().min(400).max(599)]),
  message: z.string().optional(),
  errorCode: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** If set, only calls with this member in the body fail. */
  member: z.string().optional(),
  /** The number of calls that fail; undefined = all, until the failure is removed. */
  times: z.int().min(0).max(1_000_000).optional(),
})

/** Answers the next `times` calls with 429. */
const rateLimit = z
  .strictObject({
    times: z.int().min(0).max(1_000_000),
    retryAfterSeconds: z.int().min(0).max(3_600).default(1),
  })
  .nullable()

const management = z.strictObject({
  /** The delay of every Management API response. */
  latencyMs: milliseconds,
  rateLimit,
  /** Calls above this rate get 429. The Free plan allows 2. */
  callsPerSecond: z.int().min(1).max(1_000_000),
  /** After `calls` more calls, every call gets `status` until this fault is removed. */
  failAfter: z
    .strictObject({
      calls: z.int().min(0).max(1_000_000),
      status: z.int().min(400).max(599).default(503),
    })
    .nullable(),
  /** After `calls` more calls, the connection breaks at every call until this fault is removed. */
  breakAfter: z
    .strictObject({
      calls: z.int().min(0).max(1_000_000),
      /** Whether the first broken call takes effect and only its response is lost. */
      losesAnswer: z.boolean().default(false),
    })
    .nullable(),
  /** Failures of specific calls, one or a list; null = none. */
  fail: z
    .union([failure.transform((one) => [one]), z.array(failure)])
    .nullable()
    .transform((all) => all ?? []),
  /** The scopes of the Management API client; null = every scope. */
  scopes: z.array(z.string().regex(/^[a-z_]+:[a-z_]+$/, 'must be like read:clients')).nullable(),
  /** Whether Management API tokens and token responses contain their scopes. */
  namesScopes: z.boolean(),
  /** The time during which a new client is not found. */
  newClientNotFoundMs: milliseconds,
})

const registration = z.strictObject({
  rateLimit,
  /** The maximum number of registrations per second (5 in Auth0); null = no limit. */
  perSecond: z.int().min(1).max(1_000).nullable(),
  /** The response to every registration, which then has no effect; null = register. */
  answer: z
    .strictObject({
      status: z.int().min(200).max(599),
      body: z.record(z.string(), z.unknown()).default({}),
      headers: z.record(z.string(), z.string()).default({}),
    })
    .nullable(),
  /** Whether the connection breaks before or after the registration takes effect; null = never. */
  breaks: z.enum(['before', 'afterwards']).nullable(),
})

const cimdUrl = z.url({ protocol: /^https?$/ })

/** The faults in the body of `POST /__tenant`. Absent members stay unchanged. */
export const faultsChange = z.strictObject({
  management: management.partial().optional(),
  registration: registration.partial().optional(),
  /** The maximum number of clients besides the Management API's own; null = no limit. */
  entityLimit: z.int().min(0).max(100_000).nullable().optional(),
  /** Whether access tokens are encrypted (JWE with five parts). */
  encryptTokens: z.boolean().optional(),
  /** The delay of every response except those of `/__tenant`. */
  latencyMs: milliseconds.optional(),
  /** Client ID Metadata Documents by URL; they replace the document at the URL. */
  cimdDocuments: z.record(cimdUrl, z.unknown()).optional(),
  /** Violations that the import of any document reports, although the preview reports none. */
  cimdViolations: z.array(z.string()).optional(),
})

/** The injected faults. */
export interface Faults {
  readonly management: z.infer<typeof management>
  readonly registration: z.infer<typeof registration>
  readonly entityLimit: number | null
  readonly encryptTokens: boolean
  readonly latencyMs: number
  readonly cimdDocuments: Readonly<Record<string, unknown>>
  readonly cimdViolations: readonly string[]
}

/** The initial values, without faults. */
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

/** Returns the object without undefined members, so that spreading it does not unset other values. */
export function given<Value extends object>(value: Value) {
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members) as { [Name in keyof Value]: Exclude<Value[Name], undefined> }
}
