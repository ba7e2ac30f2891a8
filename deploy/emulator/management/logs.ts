import type { Management } from 'auth0'
import { TenantError } from '../http.ts'
import type { LogRecord } from '../log-stream/log-delivery.ts'
import { type LogQuery, parseLogQuery } from '../log-stream/log-search.ts'
import type { TenantState } from '../state.ts'
import { CHECKPOINT, FIELDS, type Listed, listed, OFFSET, pick } from './list.ts'
import { type ApiCall, found, type Route } from './route.ts'

/** The maximum number of results of a search over all pages. */
const MAX_FOUND = 1_000

/** The endpoints at `/logs`: by search, or the records after a given one. */
export function logRoutes({ logs }: TenantState): readonly Route[] {
  const list = ({ query }: ApiCall): Listed<Management.Log, 'logs'> => {
    if (query.has('from')) return fromCheckpoint(logs, query)
    // Auth0 documents `q`, but the `auth0` package sends `search`.
    const text = query.get('q') ?? query.get('search') ?? ''
    const matches = text === '' ? () => true : toQuery(text)
    const matching = logs.map(({ data }) => data).filter((event) => matches(event))
    if (query.get('sort') !== 'date:1') matching.reverse()
    const shown = matching.slice(0, MAX_FOUND).map((event) => pick<Management.Log>(event, query))
    const page = listed<Management.Log, 'logs'>(shown, query, 'logs')
    return Array.isArray(page) ? page : { ...page, length: page.logs.length }
  }
  const get = ({ id }: ApiCall): Management.GetLogResponseContent =>
    found(
      logs.find(({ log_id }) => log_id === id),
      'inexistent_log',
      'log event',
    ).data

  const query = [...OFFSET, ...CHECKPOINT, ...FIELDS, 'sort', 'q', 'search']
  return [
    { method: 'GET', path: '/logs', scopes: ['read:logs'], query, answer: list },
    { method: 'GET', path: '/logs/:id', scopes: ['read:logs'], answer: get },
  ]
}

/** Returns the records after a given one. Ignores other parameters. */
function fromCheckpoint(logs: readonly LogRecord[], query: URLSearchParams): Management.Log[] {
  const start = logs.findIndex(({ log_id }) => log_id === query.get('from')) + 1
  const count = Math.min(Number(query.get('take') ?? 50) || 50, 100)
  return logs.slice(start, start + count).map(({ data }) => data)
}

function toQuery(text: string): LogQuery {
  try {
    return parseLogQuery(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The query has invalid syntax'
    throw new TenantError(400, 'invalid_query_string', message)
  }
}
