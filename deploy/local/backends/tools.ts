import type { RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { quantity } from '../../kit/quantity.ts'
import type { VerifyApiToken } from './api-token.ts'
import { type AssertionOptions, verifyCall } from './assertion.ts'
import { answerCalendarApi, CALENDAR_API, scopeOf } from './calendar-api.ts'
import { add, type CalendarEvent, createCalendars, newestFirst } from './events.ts'
import { sendError } from './send-error.ts'

export interface ToolsOptions extends AssertionOptions {
  /** The base URL of the sample backends (`FUNCTIONS_BASE`). */
  readonly base: string
  /** Verifies access tokens for the calendar API; undefined = it accepts none. */
  readonly verifyToken?: VerifyApiToken
}

type Tool = (events: CalendarEvent[], args: Readonly<Record<string, unknown>>) => unknown

const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  [
    'listEvents',
    (events, { limit }) => ({
      events: newestFirst(events).slice(0, Number(limit ?? events.length)),
    }),
  ],
  ['addEvent', (events, { title, date }) => ({ event: add(events, String(title), String(date)) })],
  [
    'summarizeEvents',
    (events, { title }) => {
      const summary = summarize(events)
      add(events, String(title ?? 'Summary'), new Date().toISOString().slice(0, 10))
      return { summary }
    },
  ],
  [
    'search',
    (events, { query }) => ({
      results: newestFirst(matching(events, String(query))).map(toResult),
    }),
  ],
  ['fetch', (events, { id }) => toDocument(events.find((event) => event.id === id))],
])

const NO_BACKEND =
  'The sample backends do not have this path. Set FUNCTIONS_BASE to the URL of your backends.'

/** Returns whether the sample backends serve the path of a tool, which may have `{name}` segments. */
export function isSampleBackend(path: string): boolean {
  return TOOLS.has(path.slice(1)) || isCalendarApi(path)
}

function isCalendarApi(path: string): boolean {
  return path === CALENDAR_API || path.startsWith(`${CALENDAR_API}/`)
}

/**
 * Creates the sample backends: each user's events, in memory, at `POST {base}/{toolName}` and as a plain
 * HTTP API (calendar-api.ts). Like a real backend, they require the gateway's assertion (401 otherwise).
 * The API also accepts an access token. They rely on the gateway to validate the arguments.
 */
export function createTools({ base, verifyToken, ...verification }: ToolsOptions): RequestListener {
  const eventsOf = createCalendars()
  const answer: (...exchange: Parameters<RequestListener>) => Promise<unknown> = async (
    req,
    res,
  ) => {
    const { method = '', url = '/' } = req
    const [path = '', query = ''] = url.split(/\?(.*)/s)
    const name = path.slice(1)
    const tool = TOOLS.get(name)
    const isApi = isCalendarApi(path)
    if (tool === undefined && !isApi) return sendError(res, 404, 'not_found', NO_BACKEND)
    if (tool !== undefined && method !== 'POST') {
      return sendError(res, 405, 'method_not_allowed', 'Use POST.')
    }
    const body = await buffer(req)
    const called = { method, url: `${base}${path}`, query, headers: req.headers, body }
    const { authorization } = req.headers
    const caller =
      isApi && authorization !== undefined ? await verifyToken?.(authorization) : undefined
    if (caller !== undefined && !caller.scopes.has(scopeOf(method))) {
      return sendError(
        res,
        403,
        'insufficient_scope',
        `The token does not have the scope ${scopeOf(method)}.`,
      )
    }
    const verified =
      isApi && authorization !== undefined
        ? caller && { uid: caller.uid, canAsk: false, input: undefined }
        : await verifyCall({ ...called, ...(tool && { tool: name }) }, verification)
    if (verified === undefined) {
      return sendError(
        res,
        401,
        'unauthorized',
        'A valid gateway assertion or access token is required.',
      )
    }
    const events = eventsOf(verified.uid)
    const { status, body: content } =
      tool === undefined
        ? answerCalendarApi(method, new URL(url, base), events, verified)
        : { status: 200, body: tool(events, JSON.parse(body.toString())) }
    if (tool !== undefined && content === undefined) {
      return sendError(res, 404, 'not_found', 'The event does not exist.')
    }
    if (content === undefined) return res.writeHead(status).end()
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(content))
  }
  return (req, res) => {
    // The body cannot be read if the client disconnects. Then the response is discarded.
    answer(req, res).catch(() =>
      sendError(res, 500, 'internal_error', 'The sample backend failed.'),
    )
  }
}

function matching(events: readonly CalendarEvent[], query: string): CalendarEvent[] {
  const words = query.toLowerCase().split(/\s+/)
  return events.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)))
}

function toResult({ id, title }: CalendarEvent) {
  return { id, title, url: `https://events.example/${id}` }
}

/** Converts an event to a document; undefined if the event does not exist. */
function toDocument(event: CalendarEvent | undefined) {
  if (event === undefined) return undefined
  return {
    ...toResult(event),
    text: `${event.title}, ${event.date}`,
    metadata: { date: event.date },
  }
}

function summarize(events: readonly CalendarEvent[]): string {
  const [newest, ...older] = newestFirst(events)
  if (newest === undefined) return 'No events.'
  const oldest = older.at(-1) ?? newest
  return `${quantity(events.length, 'event')} from ${oldest.date} to ${newest.date}, the newest: ${newest.title}.`
}
