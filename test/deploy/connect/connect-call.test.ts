import { expect, test } from 'vitest'
import { called, deploymentForThisFile, listed } from '../../support/staged-connect.ts'

const { run } = await deploymentForThisFile()

interface Members {
  readonly scope?: string
  readonly readOnly?: boolean
  readonly required?: readonly string[]
}

/** A listed tool; without `scope` it is public. */
const listedTool = (name: string, { scope, readOnly = false, required = [] }: Members = {}) => ({
  name,
  inputSchema: { type: 'object', required },
  annotations: { readOnlyHint: readOnly },
  _meta: {
    securitySchemes: [
      scope === undefined ? { type: 'noauth' } : { type: 'oauth2', scopes: [scope] },
    ],
  },
})

const open = listedTool('open', { readOnly: true })
const PUBLIC_ONLY = 'open (public, so the call does not test the token: no tool requires one): x'
const PUBLIC =
  'open (public, so the call does not test the token: it permits no read-only protected tool without required arguments): x'

test.each([
  {
    name: 'a read-only protected tool, not a read-only public one before it',
    tools: [open, listedTool('read', { scope: 'events:read', readOnly: true })],
    seen: 'read: x',
  },
  {
    name: 'a read-only protected tool, not another protected one before it',
    tools: [
      listedTool('change', { scope: 'events:read' }),
      listedTool('read', { scope: 'events:read', readOnly: true }),
    ],
    seen: 'read: x',
  },
  {
    name: 'a protected tool, not a public one before it, if none is read-only',
    tools: [listedTool('open'), listedTool('change', { scope: 'events:read' })],
    seen: 'change: x',
  },
  {
    name: 'a tool without securitySchemes, not a public one before it',
    tools: [
      open,
      { name: 'old', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
    ],
    seen: 'old: x',
  },
  { name: 'a public tool if all are public', tools: [open], seen: PUBLIC_ONLY },
  {
    name: 'a read-only public tool, not a protected one that changes data',
    tools: [open, listedTool('change', { scope: 'events:read' })],
    seen: PUBLIC,
  },
  {
    name: 'a public tool if the protected one requires arguments',
    tools: [open, listedTool('read', { scope: 'events:read', readOnly: true, required: ['id'] })],
    seen: PUBLIC,
  },
  {
    name: 'a public tool if the token lacks the scope of the protected one',
    tools: [open, listedTool('read', { scope: 'events:write', readOnly: true })],
    seen: PUBLIC,
  },
  {
    name: 'no tool if all require arguments',
    tools: [listedTool('open', { required: ['id'] })],
    seen: 'no tool was called, because every tool requires arguments',
  },
])('connect calls $name', async ({ tools, seen }) => {
  const answers = () => ({
    'tools/list': listed(tools),
    'tools/list + token': listed(tools),
    'tools/call + token': called({}),
  })
  const { ok, steps } = await run({ answers })
  expect(steps.filter((step) => !step.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(steps.at(-1)).toMatchObject({ step: 'call', seen })
})
