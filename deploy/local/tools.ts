import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { answerError } from './answer-error.ts'
import { type StatementOptions, verifyStatement } from './statement.ts'

export interface ToolsOptions extends StatementOptions {
  /** Where the gateway calls these tools (`FUNCTIONS_BASE`). */
  readonly base: string
}

interface CalendarEvent {
  readonly id: string
  readonly title: string
  readonly date: string
}

type Tool = (events: CalendarEvent[], args: Readonly<Record<string, unknown>>) => unknown

const SEEDS: ReadonlyMap<string, readonly CalendarEvent[]> = new Map([
  [
    'auth0:auth0|alice',
    [
      { id: 'a1', title: 'Team breakfast', date: '2026-11-27' },
      { id: 'a2', title: 'Dentist', date: '2026-12-03' },
      { id: 'a3', title: 'Flight to Lisbon', date: '2026-12-18' },
    ],
  ],
  [
    'auth0:auth0|bob',
    [
      { id: 'b1', title: 'Guitar lesson', date: '2026-11-30' },
      { id: 'b2', title: 'Car inspection', date: '2026-12-09' },
    ],
  ],
])

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

/**
 * The sample backends, `POST {base}/{toolName}`: each user's events, in memory. As a real backend
 * would, they take a call only with the gateway's statement about it (401 otherwise); arguments have
 * been checked by the gateway.
 */
export function createTools({ base, ...statement }: ToolsOptions): RequestListener {
  const calendars = new Map<string, CalendarEvent[]>()
  return async (req, res) => {
    const name = (req.url ?? '').slice(1)
    const tool = TOOLS.get(name)
    if (tool === undefined) return answerError(res, 404, 'not_found', 'There is no such tool.')
    if (req.method !== 'POST') return answerError(res, 405, 'method_not_allowed', 'Use POST.')
    const body = await buffer(req)
    const call = { url: `${base}/${name}`, tool: name, headers: req.headers, body }
    const uid = await verifyStatement(call, statement)
    if (uid === undefined) {
      return answerError(res, 401, 'unauthorized', 'The statement of the gateway does not hold.')
    }
    const events = calendars.get(uid) ?? [...(SEEDS.get(uid) ?? [])]
    calendars.set(uid, events)
    const answer = tool(events, JSON.parse(body.toString()))
    if (answer === undefined) return answerError(res, 404, 'not_found', 'There is no such event.')
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(answer))
  }
}

function matching(events: readonly CalendarEvent[], query: string): CalendarEvent[] {
  const words = query.toLowerCase().split(/\s+/)
  return events.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)))
}

function toResult({ id, title }: CalendarEvent) {
  return { id, title, url: `https://events.example/${id}` }
}

/** Undefined when there is no such event. */
function toDocument(event: CalendarEvent | undefined) {
  if (event === undefined) return undefined
  return {
    ...toResult(event),
    text: `${event.title}, ${event.date}`,
    metadata: { date: event.date },
  }
}

function newestFirst(events: readonly CalendarEvent[]): CalendarEvent[] {
  return events.toSorted((a, b) => b.date.localeCompare(a.date))
}

function add(events: CalendarEvent[], title: string, date: string): CalendarEvent {
  const event = { id: randomUUID(), title, date }
  events.push(event)
  return event
}

function summarize(events: readonly CalendarEvent[]): string {
  const [newest, ...older] = newestFirst(events)
  if (newest === undefined) return 'No events.'
  const oldest = older.at(-1) ?? newest
  return `${events.length} events from ${oldest.date} to ${newest.date}, the newest: ${newest.title}.`
}
