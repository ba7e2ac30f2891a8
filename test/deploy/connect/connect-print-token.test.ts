import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectCommand } from '../../../deploy/commands/connect.ts'
import { STEPS } from '../../../deploy/connect/step.ts'
import { helpOf } from '../../../deploy/kit/command-line.ts'
import { PLAIN } from '../../../deploy/kit/style.ts'
import type { System } from '../../../deploy/local/system.ts'
import { CLI, withoutProgress } from '../../support/command-line.ts'
import { startOnFreePorts } from '../../support/system.ts'

const DOCUMENT = readFileSync(new URL('../../../docs/local.md', import.meta.url), 'utf8')
const CURL_COMMANDS = DOCUMENT.split('\n').filter((line) => /^curl .*\$TOKEN/.test(line))

let system: System
beforeAll(async () => {
  system = await startOnFreePorts()
})
afterAll(() => system?.stop())

function printToken(url: string) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const args = [CLI, 'connect', url, '--print-token']
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr: withoutProgress(stderr) })
    })
  })
}

/** Sends the request of a curl command in the documentation with this token. */
async function sendCurl(command: string, token: string): Promise<Response> {
  const path = /localhost:8080(\S+)/.exec(command)?.[1] ?? ''
  const headers = new Headers()
  for (const [, , name = '', value = ''] of command.matchAll(/-H (["'])(.*?): (.*?)\1/g)) {
    headers.set(name, value.replace('$TOKEN', token))
  }
  const body = / -d '(.*)'$/.exec(command)?.[1] ?? ''
  return fetch(`${system.url}${path}`, { method: 'POST', headers, body })
}

test('connect --print-token prints only the token, with which the documented curl commands work', async () => {
  const { code, stdout, stderr } = await printToken(system.url)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const token = stdout.trimEnd()
  expect(decodeJwt(token)).toMatchObject({ aud: `${system.url}/mcp` })
  expect(stderr).not.toContain('eyJ')
  const names = [...stderr.matchAll(/^ok {3}([a-z-]+) /gm)].map(([, name]) => name)
  expect(names).toEqual(STEPS.slice(0, STEPS.indexOf('token') + 1))
  const result = [expect.objectContaining({ title: 'Dentist' })]
  const answers = await Promise.all(
    CURL_COMMANDS.map(async (line) => (await sendCurl(line, token)).json()),
  )
  expect(answers).toEqual([
    { result },
    {
      ...{ jsonrpc: '2.0', id: 1 },
      result: expect.objectContaining({ structuredContent: { result } }),
    },
  ])
})

test('connect --print-token prints nothing on standard output after a failure', async () => {
  const { code, stdout, stderr } = await printToken('http://127.0.0.1:9')
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('FAIL protected-resource    http://127.0.0.1:9/mcp: ')
  expect(stderr).toMatch(/^- {4}sign-in +not reached$/m)
})

test('the help states that the token is a credential', () => {
  const help = helpOf(connectCommand, PLAIN).replaceAll(/\s+/g, ' ')
  expect(help).toMatch(
    /--print-token .*The token is a credential: do not write it to a file or a log/,
  )
})
