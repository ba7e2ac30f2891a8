import { expect, test } from 'vitest'
import { UsageError } from '../../../deploy/kit/errors.ts'
import { called, deploymentForThisFile, listed } from '../../support/staged-connect.ts'

const { run, failureOf } = await deploymentForThisFile()

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
    name: 'a public tool if the token permits no protected one',
    tools: [open, listedTool('change', { scope: 'events:write' })],
    seen: PUBLIC,
  },
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
    name: 'a public tool if the token lacks the scope of one protected tool and another requires arguments',
    tools: [
      open,
      listedTool('read', { scope: 'events:write', readOnly: true }),
      listedTool('find', { scope: 'events:read', required: ['id'] }),
    ],
    seen: PUBLIC,
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

const NAME_A_CALL = '(name a call with --tool and --arguments)'

test.each([
  {
    name: 'every tool requires arguments',
    tools: [
      listedTool('open', { required: ['id'] }),
      listedTool('read', { scope: 'events:read', required: ['id'] }),
    ],
    seen: `skipped: every tool requires arguments ${NAME_A_CALL}`,
  },
  {
    name: 'every tool that the token permits requires arguments',
    tools: [
      listedTool('change', { scope: 'events:write' }),
      listedTool('read', { scope: 'events:read', required: ['id'] }),
    ],
    seen: `skipped: every tool that the token permits requires arguments ${NAME_A_CALL}`,
  },
])('connect skips the call if $name', async ({ tools, seen }) => {
  const answers = () => ({
    'tools/list': listed(tools),
    'tools/list + token': listed(tools),
    'tools/call + token': 500,
  })
  const { ok, steps } = await run({ answers })
  expect(ok).toBe(true)
  expect(steps.filter((step) => !step.ok)).toEqual([
    { step: 'call', ok: false, skipped: true, seen, ms: expect.any(Number) },
  ])
})

test('connect fails if the token permits no tool', async () => {
  const tools = [listedTool('change', { scope: 'events:write', required: ['id'] })]
  const failure = await failureOf({
    step: 'call',
    answers: () => ({ 'tools/list': listed(tools), 'tools/list + token': listed(tools) }),
  })
  expect(failure).toMatchObject({
    id: 'insufficient_scope',
    seen: 'change requires events:write',
  })
})

const TOOLS = [
  open,
  listedTool('read', { scope: 'events:read', required: ['id'] }),
  listedTool('change', { scope: 'events:write' }),
]
const calling = (name: string) => ({
  options: () => ({ toolCall: { name, arguments: {} } }),
  answers: () => ({
    'tools/list': listed(TOOLS),
    'tools/list + token': listed(TOOLS),
    'tools/call + token': called({}),
  }),
})

test.each([
  { name: 'open', seen: 'open (public, so the call does not test the token): x' },
  { name: 'read', seen: 'read: x' },
  { name: 'change', seen: 'change: x' },
])('connect calls the named tool $name', async ({ name, seen }) => {
  const { ok, steps } = await run(calling(name))
  expect(ok).toBe(true)
  expect(steps.at(-1)).toMatchObject({ step: 'call', ok: true, seen })
})

test.each([
  { name: 'read', id: 'tool_failed' },
  { name: 'change', id: 'insufficient_scope' },
])('connect reports $id if the named tool $name returns an error', async ({ name, id }) => {
  const { answers, options } = calling(name)
  const refused = { 'tools/call + token': called({ isError: true }) }
  const staging = { step: 'call', options, answers: () => ({ ...answers(), ...refused }) } as const
  expect(await failureOf(staging)).toMatchObject({ id, step: 'call', seen: `${name}: x` })
})

test('connect lists the tools if the named one does not exist', async () => {
  const failed = expect(run(calling('no\u001bne'))).rejects
  await failed.toThrow(UsageError)
  await failed.toThrow('The server has no tool no\\u001bne. Its tools: open, read, change.')
})
