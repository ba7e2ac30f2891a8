import { type Connection, createConnection } from './http/connection.ts'
import { type LoadRequest, requestBytes } from './http/request-bytes.ts'

export type { LoadRequest }

export interface Load {
  readonly url: string
  readonly connections: number
  readonly calls: number
  readonly next: (index: number) => LoadRequest
  /** Depends on its arguments alone: it is not called again for the response that it accepted last. */
  readonly isGood: (status: number, body: string) => boolean
}

/**
 * Sends the calls over keep-alive connections, one request at a time on each. It needs less CPU time
 * than the servers that it measures: a server that waits for its client shows a higher cost per call.
 *
 * @returns the calls' latencies in milliseconds, ascending.
 * @throws Error at the first response that `isGood` rejects and at the first failure of a connection,
 * because the run has no valid figures.
 */
export async function run({ calls, next, ...load }: Load): Promise<Float64Array> {
  const url = new URL(load.url)
  const latencies = new Float64Array(calls)
  const check = createCheck(load.isGood)
  const connections: Connection[] = []
  let sent = 0
  let answered = 0
  const work = (resolve: () => void, onError: (error: unknown) => void): void => {
    let index = 0
    let startedAt = 0
    const sendNext = (): void => {
      if (sent === calls) return
      index = sent++
      const request = requestBytes(url.host, next(index))
      startedAt = performance.now()
      connection.send(request)
    }
    const connection = createConnection(url, {
      onResponse: (status, body) => {
        latencies[index] = performance.now() - startedAt
        check(status, body)
        if (++answered === calls) resolve()
        else sendNext()
      },
      onError,
    })
    connections.push(connection)
    sendNext()
  }
  try {
    await new Promise<void>((resolve, reject) => {
      if (calls === 0) resolve()
      for (let count = 0; count < load.connections; count++) work(resolve, reject)
    })
  } finally {
    for (const connection of connections) connection.close()
  }
  return latencies.sort()
}

/** Decodes and checks a response unless it has the bytes of the last one that was accepted. */
function createCheck(isGood: Load['isGood']) {
  let acceptedStatus = 0
  let acceptedBody = Buffer.alloc(0)
  return (status: number, body: Buffer): void => {
    if (status === acceptedStatus && acceptedBody.equals(body)) return
    const text = body.toString()
    if (!isGood(status, text)) throw new Error(`HTTP ${status}: ${text.slice(0, 300)}`)
    acceptedStatus = status
    acceptedBody = Buffer.from(body)
  }
}
