import { describe, expect, test } from 'vitest'
import { connectCommand } from '../../../deploy/commands/connect.ts'
import { CONNECT_OPTIONS, toOptions } from '../../../deploy/connect/options.ts'
import { UsageError } from '../../../deploy/kit/errors.ts'
import type { Environment } from '../../../shared/config.ts'
import { parsed } from '../../support/command-line.ts'

const parseOptions = (args: readonly string[], env: Environment) =>
  toOptions(parsed(connectCommand, CONNECT_OPTIONS, args), env)

describe('the command line options of npm run connect', () => {
  test.each([
    { args: [], env: {}, url: 'http://localhost:8080/mcp' },
    { args: [], env: { PORT: '9000' }, url: 'http://localhost:9000/mcp' },
    { args: [], env: { PORT: '' }, url: 'http://localhost:8080/mcp' },
    { args: ['https://mcp.example.com'], env: {}, url: 'https://mcp.example.com/mcp' },
    { args: ['https://mcp.example.com/'], env: {}, url: 'https://mcp.example.com/mcp' },
    { args: ['https://mcp.example.com/mcp/'], env: {}, url: 'https://mcp.example.com/mcp/' },
    { args: ['https://mcp.example.com/other'], env: {}, url: 'https://mcp.example.com/other' },
    { args: ['HTTPS://MCP.example.com:443/mcp#top'], env: {}, url: 'https://mcp.example.com/mcp' },
  ])('resolve $args with $env to $url', ({ args, env, url }) => {
    expect(parseOptions(args, env)?.url).toBe(url)
  })

  test('allow a remote redirect URI with --client-id', () => {
    const redirectUri = 'https://chatgpt.com/connector_platform_oauth_redirect'
    const args = ['--client-id', 'c', '--redirect-uri', redirectUri]
    expect(parseOptions(args, {})).toMatchObject({ clientId: 'c', redirectUri })
  })

  test('reject a URL with a password and do not print the password', () => {
    const parse = () => parseOptions(['https://me:hunter2@mcp.example.com'], {})
    expect(parse).toThrow(UsageError)
    expect(parse).not.toThrow(/hunter2/)
  })
})
