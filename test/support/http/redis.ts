import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './free-port.ts'

/** A real Redis without persistence on a free port of 127.0.0.1. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly process: ChildProcess
}

/** Whether `redis-server` is installed. Prints a message if it is not. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true
  process.stderr.write('SKIPPED: REDIS_URL is not tested without redis-server.\n')
  return false
}

export async function startRedis(): Promise<RedisServer> {
  const port = String(await freePort())
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const redis = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const chunk of redis.stdout) {
    output += String(chunk)
    if (output.includes('Ready to accept connections')) break
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    process: redis,
    [Symbol.asyncDispose]: async () => {
      redis.kill('SIGKILL')
      await once(redis, 'exit')
    },
  }
}
