import { Agent, request } from 'node:http'

/** One request of a load. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Load {
  readonly url: string
  readonly connections: number
  readonly calls: number
  readonly next: (index: number) => LoadRequest
  readonly isGood: (status: number, body: string) => boolean
}

/**
 * Sends the calls over keep-alive connections, one request at a time on each.
 *
 * @returns the calls' latencies in milliseconds, ascending.
 * @throws Error at the first response that `isGood` rejects, because the run has no valid figures.
 */
export async function run(load: Load): Promise<Float64Array> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const latencies = new Float64Array(load.calls)
  let sent = 0
  const worker = async () => {
    while (sent < load.calls) {
      const index = sent++
      const startedAt = performance.now()
      const { status, body } = await exchange(load.url, agent, load.next(index))
      latencies[index] = performance.now() - startedAt
      if (!load.isGood(status, body)) throw new Error(`HTTP ${status}: ${body.slice(0, 300)}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: load.connections }, worker))
  } finally {
    agent.destroy()
  }
  return latencies.sort()
}

function exchange(url: string, agent: Agent, { method, path, headers, body }: LoadRequest) {
  return new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { agent, method, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('error', reject)
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
