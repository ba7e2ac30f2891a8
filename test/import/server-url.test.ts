import { describe, expect, test } from 'vitest'
import { imported } from './run.ts'

describe('the server URL', () => {
  const url = async (servers: unknown, ...args: readonly string[]) => {
    const operation = { get: { responses: {} } }
    const report = await imported(
      { openapi: '3.1.0', servers, paths: { '/x': operation } },
      ...args,
    )
    const [tool] = Object.values(report.catalogue?.tools ?? {})
    return tool?.request['url'] ?? report.leftOut[0]?.reason
  }
  const servers = [
    {
      url: 'https://{region}.example.com/{base}',
      variables: { region: { default: 'eu' }, base: { default: 'v1' } },
    },
    { url: 'https://other.example.com/' },
  ]

  test.each([
    [
      'is the first one, with the defaults of its variables',
      servers,
      [],
      'https://eu.example.com/v1/x',
    ],
    ['is selected by its number', servers, ['--server', '1'], 'https://other.example.com/x'],
    [
      'is replaced by a given URL',
      servers,
      ['--server', 'https://mine.example.com/api/'],
      'https://mine.example.com/api/x',
    ],
    [
      'has the given value of a variable',
      servers,
      ['--server-variable', 'region=us'],
      'https://us.example.com/v1/x',
    ],
    ['is below FUNCTIONS_BASE if a file has only a path', [{ url: '/api' }], [], '/api/x'],
    ['is below FUNCTIONS_BASE if a file has no server', undefined, [], '/x'],
    [
      'is https rather than http',
      [{ url: 'http://a.example' }, { url: 'https://a.example' }],
      [],
      'https://a.example/x',
    ],
    ['can be http on loopback', [{ url: 'http://localhost:9000' }], [], 'http://localhost:9000/x'],
  ])('%s', async (_, list, args, expected) => {
    expect(await url(list, ...args)).toBe(expected)
  })

  test.each([
    ['not https', [{ url: 'http://api.example.com' }], 'is not https'],
    ['not http', [{ url: 'wss://api.example.com' }], 'is not http(s)'],
    ['a URL with credentials', [{ url: 'https://a:b@api.example.com' }], 'has credentials'],
    [
      'a URL with a variable without a value',
      [{ url: 'https://{x}.example.com' }],
      'has no default',
    ],
  ])('omits the operation if it is %s', async (_, list, reason) => {
    expect(await url(list)).toContain(reason)
  })
})
