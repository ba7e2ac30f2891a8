/** What the sample API answers. */
export interface ApiAnswer {
  readonly status: number
  readonly body?: unknown
}
