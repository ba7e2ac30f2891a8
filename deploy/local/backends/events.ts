import { randomUUID } from 'node:crypto'

/** One event of a user's calendar. */
export interface CalendarEvent {
  readonly id: string
  readonly title: string
  readonly date: string
}

/** Returns the events of a user, by the user ID in the gateway's assertion. Kept in memory. */
export type Calendars = (uid: string) => CalendarEvent[]

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

/** Creates calendars with events for the sample users. Other users start without events. */
export function createCalendars(): Calendars {
  const calendars = new Map<string, CalendarEvent[]>()
  return (uid) => {
    const events = calendars.get(uid) ?? [...(SEEDS.get(uid) ?? [])]
    calendars.set(uid, events)
    return events
  }
}

export function newestFirst(events: readonly CalendarEvent[]): CalendarEvent[] {
  return events.toSorted((a, b) => b.date.localeCompare(a.date))
}

/** Adds an event and returns it. */
export function add(events: CalendarEvent[], title: string, date: string): CalendarEvent {
  const event = { id: randomUUID(), title, date }
  events.push(event)
  return event
}
