import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../support/http/listen.ts'

/** The backend of the tools, which counts the events that it adds. */
export interface Ledger extends AsyncDisposable {
  readonly url: string
  /** The number of times that each title arrived. */
  readonly arrived: ReadonlyMap<string, number>
}

// Keeps calls in flight whenever an instance is replaced.
const ANSWER_MS = 5

export async function startLedger(): Promise<Ledger> {
  const arrived = new Map<string, number>()
  const server = createServer(async (req, res) => {
    const { title } = await readArguments(req)
    if (req.url === '/addEvent') arrived.set(title, (arrived.get(title) ?? 0) + 1)
    await sleep(ANSWER_MS)
    answer(res, req.url === '/addEvent' ? { event: toEvent(title) } : { events: [toEvent('any')] })
  })
  return {
    ...(await listen(server)),
    arrived,
  }
}

function toEvent(title: string) {
  return { id: 'evt_1', title, date: '2027-01-01' }
}

async function readArguments(req: IncomingMessage): Promise<{ readonly title: string }> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString()) as { title: string }
}

function answer(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
