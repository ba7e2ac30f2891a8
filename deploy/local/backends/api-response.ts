/** A response of the sample API. */
export interface ApiResponse {
  readonly status: number
  readonly body?: unknown
}
