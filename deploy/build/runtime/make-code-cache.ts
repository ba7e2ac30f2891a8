/**
 * Makes the code cache of a built function, in its directory: starts the function with example variables
 * and sends it example requests, so that V8 compiles what a first request needs. The function calls only
 * its own process. Ends within a minute. Google's buildpack runs it as `gcp-build`.
 */
import { spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exampleRequests, exampleVariables, startSurroundings } from './example.ts'
import { createLoader, MAIN } from './loader.ts'

const ROUNDS = 3
const TIMEOUT_MS = 60_000
/** The argument of the process that has no variables. */
const WITHOUT_VARIABLES = 'without-variables'

if (process.argv[2] === WITHOUT_VARIABLES) void makeCodeCache(import.meta.dirname)
else runWithoutVariables()

/**
 * The variables of a build can name a proxy, a Redis server or Google's metadata server. Node reads
 * NODE_OPTIONS and the proxy before it runs a program.
 */
function runWithoutVariables(): void {
  const args = [process.argv[1] ?? '', WITHOUT_VARIABLES]
  const { status } = spawnSync(process.execPath, args, {
    env: {},
    stdio: 'inherit',
    timeout: TIMEOUT_MS,
    // Functions handle SIGTERM.
    killSignal: 'SIGKILL',
  })
  process.exitCode = status ?? 1
}

async function makeCodeCache(directory: string): Promise<void> {
  // The records of the example requests would look like those of the function.
  process.stdout.write = () => true
  const surroundings = await startSurroundings()
  Object.assign(process.env, exampleVariables(surroundings.url))
  const { load, writeCache } = createLoader(directory)
  load(MAIN)
  const url = await listen(createServer(frameworkApp()))
  for (let round = 0; round < ROUNDS; round++) {
    for (const { path, ...request } of exampleRequests(surroundings.token)) {
      await fetch(`${url}${path}`, request).then((response) => response.arrayBuffer())
    }
  }
  writeCache()
  process.exit()
}

/** An argument of `createServer` by which the function recognizes the server that it replaces. */
function frameworkApp() {
  return Object.assign(() => undefined, { handle: () => undefined })
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}
