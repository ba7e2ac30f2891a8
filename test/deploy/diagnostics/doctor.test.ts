import { beforeEach, describe, expect, test } from 'vitest'
import { doctor, doctorReport, idsOf } from '../../support/auth0/doctor.ts'
import { startedForAllTests } from '../../support/each-test.ts'
import { startFront } from '../../support/http/front.ts'
import { METADATA, member, replace } from '../../support/http/misbehaviour.ts'

const front = startedForAllTests(startFront)
beforeEach(() => {
  front.misbehaves = {}
})

test('reports nothing for a healthy deployment', async () => {
  const { exitCode, output } = await doctor([front.url])
  expect(output).toContain('Healthy: no faults found.')
  expect(output).toContain(' checks.\nThe backends of the tools were not called.\n')
  expect(exitCode).toBe(0)
  const report = await doctorReport([`${front.url}/mcp`])
  expect(report).toMatchObject({ url: front.url, ok: true, findings: [] })
  expect(report.checked.length).toBeGreaterThan(30)
})

test('prints a table of at most 80 columns', async () => {
  const { output } = await doctor([front.url])
  const [table = ''] = output.split('Auth0 tenant')
  expect(table.split('\n').filter((line) => line.length > 80)).toEqual([])
})

describe('--function-url', () => {
  const front = startedForAllTests(startFront)

  test('warns about a function that accepts direct requests', async () => {
    const report = await doctorReport([front.url, '--function-url', front.url])
    expect(idsOf(report)).toEqual(['function_reachable_around_front'])
    expect(report.ok).toBe(true)
  })

  test('reports a function that requires no token', async () => {
    await using open = await startFront()
    open.misbehaves = replace(/^\/mcp$/, { status: 200, body: '{}' }, /POST/)
    const report = await doctorReport([front.url, '--function-url', open.url])
    expect(idsOf(report)).toEqual(['function_open_around_front'])
  })

  test('reports nothing for a function that refuses connections', async () => {
    const report = await doctorReport([front.url, '--function-url', 'http://127.0.0.1:9/gateway'])
    expect(report.findings).toEqual([])
  })
})

test('reports one fault for a deployment that refuses connections', async () => {
  const { exitCode, output } = await doctor(['http://127.0.0.1:9'])
  expect(exitCode).toBe(1)
  expect(output).toContain('url_unreachable')
  expect(output).toContain('Broken: 1 fault.')
})

test('sends only GET, OPTIONS and POST /mcp, without a valid token', async () => {
  const sent: string[] = []
  front.misbehaves = {
    request: ({ method, path, headers }) => {
      sent.push(
        `${method} ${method === 'POST' ? path : ''} ${headers['authorization'] ?? ''}`.trim(),
      )
      return {}
    },
  }
  const token = await front.issuer.token({ aud: `${front.url}/mcp` })
  await doctor([front.url, '--token', token])
  expect([...new Set(sent.filter((line) => !line.includes('eyJ')))].sort()).toEqual(
    ['GET', 'OPTIONS', 'POST /mcp', 'POST /mcp  Bearer doctor'].map((line) =>
      line.replace('  ', ' '),
    ),
  )
  expect(sent.join('\n')).not.toContain(token)
})

describe('the command line', () => {
  test.each([
    [['ftp://mcp.example.com']],
    [['https://mcp.example.com/other']],
    [['https://user@mcp.example.com']],
    [['https://a.example', 'https://b.example']],
    [['--plan', 'huge']],
    [['--token']],
    [['--token=']],
    [['--function-url', 'http://plain.example']],
    [['--unknown']],
  ])('refuses %j', async (args) => {
    const { exitCode, output, errorOutput } = await doctor(args)
    expect(exitCode).toBe(2)
    expect(output).toBe('')
    expect(errorOutput).toContain('Usage: npm run doctor')
  })

  test('examines the local system at its port without a URL', async () => {
    const fetch = () => Promise.reject(new TypeError('refused'))
    expect(await doctorReport([], { fetch })).toMatchObject({ url: 'http://localhost:8080' })
    const env = { PORT: '9999' }
    expect(await doctorReport([], { fetch, env })).toMatchObject({ url: 'http://localhost:9999' })
  })

  test('prints its usage with --help', async () => {
    expect(await doctor(['--help'])).toMatchObject({ exitCode: 0, errorOutput: '' })
  })

  test('prints no control characters from a response', async () => {
    front.misbehaves = member(METADATA, 'resource', '\u001b[2Jevil')
    const { output } = await doctor([front.url])
    expect(output).not.toContain('\u001b')
  })
})
