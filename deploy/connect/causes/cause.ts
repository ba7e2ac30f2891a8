/** Why a connection fails, and what to do about it. */
export interface Cause {
  readonly cause: string
  readonly fix: string
}

export type Causes = Readonly<Record<string, Cause>>

export const PROVISION = 'npm run provision -- --apply'
export const DOCTOR = 'npm run doctor'
/** How a client of this command is admitted where CLIENT_REDIRECT_URIS has ChatGPT's URIs only. */
export const LET_LOOPBACK_IN =
  "the default CLIENT_REDIRECT_URIS covers only ChatGPT's redirect URIs: add http://127.0.0.1:*/* while you test, or use --client-id with an existing client"
