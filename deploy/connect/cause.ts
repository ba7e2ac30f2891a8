/** Why a connection fails, in words for the person who runs the system, and what to do. */
export interface Cause {
  readonly cause: string
  readonly fix: string
}

export type Causes = Readonly<Record<string, Cause>>

export const PROVISION = 'npm run provision -- --apply'
export const DOCTOR = 'npm run doctor tells more'
/** What lets a new client of this command in where only ChatGPT's are. */
export const LET_LOOPBACK_IN =
  "the default CLIENT_REDIRECT_URIS covers ChatGPT's alone: add http://127.0.0.1:*/* while you test, or use --client-id with a client that exists"
