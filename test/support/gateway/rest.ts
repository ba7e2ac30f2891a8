import { expect } from 'vitest'
import type { Answer, SendOptions, Served } from '../http/serve.ts'
import { JSON_TYPE } from './mcp.ts'

/** Sends POST /tools/{tool}. */
export function callTool(
  served: Served,
  tool: string,
  body: unknown = {},
  headers: SendOptions['headers'] = {},
): Promise<Answer> {
  const path = `/tools/${tool}`
  return served.send({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body })
}

/** Expects an RFC 9457 problem with this status, all members and Cache-Control: no-store. */
export function expectProblem(answer: Answer, status: number): void {
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.json()).toEqual({
    type: expect.any(String),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
  })
}
