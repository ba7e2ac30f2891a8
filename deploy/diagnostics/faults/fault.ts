/** `error` = a part does not work or is not safe; `warning` = it will or may fail later. */
export type Severity = 'error' | 'warning'

/** A text, or a function that builds it from the details of the check. */
export type Text = string | ((details: never) => string)

/** One fault that `npm run doctor` or `npm run connect` reports. */
export interface Fault {
  /** The condition, as a sentence. */
  readonly title: string
  /** The default severity; a check may pass another. */
  readonly severity: Severity
  /** The cause and its consequence. */
  readonly why: Text
  /** The command or setting that corrects it. */
  readonly fix: Text
  /** The place in Auth0's dashboard or in a file; a check may pass a URL instead. */
  readonly where?: Text
}

export type Faults = Readonly<Record<string, Fault>>

export const APPLY = 'npm run provision -- --apply'
export const APPLICATIONS = 'Auth0 dashboard: Applications > Applications'
export const APIS = 'Auth0 dashboard: Applications > APIs'
export const ADVANCED = 'Auth0 dashboard: Settings > Advanced'
export const PREDEFINED = 'npm run provision -- --iss --predefined --apply'
/** How to admit the client of `npm run connect`, which redirects to this machine. */
export const ALLOW_LOOPBACK =
  "the default CLIENT_REDIRECT_URIS covers only ChatGPT's redirect URIs: add http://127.0.0.1:*/* while you test, or use --client-id with an existing client"
