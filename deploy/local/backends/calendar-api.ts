import type { ApiResponse } from './api-response.ts'
import { confirmDelete, type Questions } from './confirm-delete.ts'
import type { CalendarEvent } from './events.ts'
import { newestFirst } from './events.ts'

/** The path of the API below the base URL of the sample backends. */
export const CALENDAR_API = '/calendar/v1/events'

/** The identifier of the API in the tenant, which is the `aud` of its tokens. */
export const CALENDAR_AUDIENCE = 'https://calendar.example.com/v1'

/** Returns the scope that a token needs for a method. */
export function scopeOf(method: string): string {
  return method === 'GET' ? 'events:read' : 'events:write'
}

const NO_SUCH_EVENT: ApiResponse = { status: 404, body: { message: 'The event does not exist.' } }

/**
 * Answers a call of a plain HTTP API for one user's events, which tools.yaml calls by `request`. `GET
 * /calendar/v1/events?from=&to=&title=` returns a list. `/calendar/v1/events/{eventId}` supports `GET` and
 * `DELETE`. `DELETE` first asks the user for confirmation if the client supports it.
 */
export function answerCalendarApi(
  method: string,
  url: URL,
  events: CalendarEvent[],
  questions: Questions,
): ApiResponse {
  const id = url.pathname.slice(CALENDAR_API.length + 1)
  if (id === '') return method === 'GET' ? search(url, events) : notAllowed()
  const event = events.find((one) => encodeURIComponent(one.id) === id)
  if (event === undefined) return NO_SUCH_EVENT
  if (method === 'GET') return { status: 200, body: event }
  if (method !== 'DELETE') return notAllowed()
  const refusal = confirmDelete(event, questions)
  if (refusal !== undefined) return refusal
  events.splice(events.indexOf(event), 1)
  return { status: 204 }
}

function search({ searchParams }: URL, events: readonly CalendarEvent[]): ApiResponse {
  const from = searchParams.get('from') ?? ''
  const to = searchParams.get('to') ?? '9999'
  const titles = searchParams.getAll('title').map((title) => title.toLowerCase())
  const found = events.filter(
    ({ date, title }) =>
      date >= from &&
      date <= to &&
      (titles.length === 0 || titles.some((one) => title.toLowerCase().includes(one))),
  )
  return { status: 200, body: newestFirst(found) }
}

function notAllowed(): ApiResponse {
  return { status: 405, body: { message: 'This method is not allowed here.' } }
}
