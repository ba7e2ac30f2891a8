import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One forwarded exchange. */
export interface Passed {
  readonly method: string
  readonly path: string
  readonly status: number
}

/** A TLS proxy for a server without TLS, for a program that requires https. */
export interface TlsProxy extends AsyncDisposable {
  /** The host with the port. */
  readonly host: string
  /** The path of the self-signed certificate. */
  readonly certificate: string
  readonly passed: Passed[]
}

/** Whether openssl, which creates the certificate, is installed. */
export function canMakeCertificates(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Starts a proxy on a loopback port to the server at `port`. */
export async function startTlsProxy(port: number): Promise<TlsProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'tls-'))
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  const about = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', ...made, ...about], { stdio: 'ignore' })
  const passed: Passed[] = []
  const tls = { key: await readFile(key), cert: await readFile(certificate) }
  const server = createServer(tls, (req, res) => {
    const { method = '', url: path = '' } = req
    const headers = { ...req.headers, host: `localhost:${port}` }
    const sent = request({ host: 'localhost', port, method, path, headers }, (answer) => {
      const status = answer.statusCode ?? 0
      passed.push({ method, path, status })
      res.writeHead(status, answer.headers)
      answer.pipe(res)
    })
    sent.on('error', () => res.destroy())
    req.pipe(sent)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve)
  })
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    certificate,
    passed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(directory, { recursive: true })
    },
  }
}
