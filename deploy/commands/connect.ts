import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { printableJson } from '../../shared/log/printable.ts'
import type { ConnectOptions } from '../connect/connect-options.ts'
import { CONNECT_OPTIONS, toOptions } from '../connect/options.ts'
import { printStep, printWaiting } from '../connect/print-step.ts'
import { openBrowser } from '../connect/sign-in/open-browser.ts'
import { defineCommand } from '../kit/command.ts'

export const connectCommand = defineCommand({
  name: 'connect',
  summary:
    'Connects like ChatGPT and shows each step: discovery, registration, sign-in, token, tools, a call.',
  arguments: [
    {
      name: 'URL',
      text: 'the MCP endpoint or its origin; default http://localhost:8080/mcp, or the port in PORT',
    },
  ],
  options: CONNECT_OPTIONS,
  exitCodes: { 0: 'no step failed', 1: 'a step failed' },
  progress: 'Connecting',
  run: async (line, { env, write, writeError, doing, style }) => {
    const isJson = line.values.json
    const { printsToken, ...given } = toOptions(line, env)
    const { connect, requestToken } = await import('../connect/connect.ts')
    const options: ConnectOptions = {
      ...given,
      onStep: (step) => {
        if (printsToken) writeError(printStep(step))
        else if (!isJson) write(printStep(step, style))
        doing('Connecting')
      },
      // Standard output is reserved for the result.
      onWait: (waiting) => writeError(printWaiting(waiting)),
      openBrowser: (url) => {
        doing(undefined)
        writeError(`Sign in here: ${url}\n`)
        openBrowser(url)
      },
      askForAddress: async () => {
        using lines = createInterface({ input: process.stdin, output: process.stderr })
        const asked = lines.question('Sign in, then paste the address of the last page: ')
        // If standard input is closed, the question is never answered.
        return await Promise.race([asked, once(lines, 'close').then(() => '')])
      },
    }
    if (printsToken) {
      const token = await requestToken(options)
      if (token !== undefined) write(`${token}\n`)
      return token === undefined ? 1 : 0
    }
    const connection = await connect(options)
    if (isJson) write(`${printableJson(JSON.stringify(connection, null, 2))}\n`)
    return connection.ok ? 0 : 1
  },
})
