import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { importCommand } from '../../deploy/commands/import.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'

export interface Run {
  readonly code: number
  readonly output: string
  readonly errors: string
}

export interface Tool {
  readonly title?: string
  readonly description: string
  readonly scopes?: readonly string[]
  readonly securitySchemes?: readonly unknown[]
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly outputSchema?: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, boolean>>
  readonly request: Readonly<Record<string, unknown>>
}

export interface JsonReport {
  readonly catalogue: { readonly tools: Readonly<Record<string, Tool>> } | null
  readonly tools: readonly {
    readonly name: string
    readonly operation: string
    readonly notes: readonly string[]
  }[]
  readonly leftOut: readonly { readonly operation: string; readonly reason: string }[]
  readonly warnings: readonly string[]
}

/** Creates a temporary directory that is removed after the test. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'import-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export async function run(...args: readonly string[]): Promise<Run> {
  let [output, errors] = ['', '']
  const code = await runCommand(importCommand, {
    args,
    env: {},
    write: (text) => {
      output += text
    },
    writeError: (text) => {
      errors += text
    },
  })
  return { code, output, errors }
}

/** Imports a document from a file, with --signed-in unless the arguments declare access. */
export async function imported(
  document: Readonly<Record<string, unknown>>,
  ...args: readonly string[]
): Promise<JsonReport> {
  const path = join(directory(), 'openapi.json')
  writeFileSync(path, JSON.stringify(document))
  const access = args.some((arg) => /^--(public|default-scopes)$/.test(arg)) ? [] : ['--signed-in']
  const { output, errors } = await run(path, '--json', ...access, ...args)
  if (output === '') throw new Error(errors)
  return JSON.parse(output) as JsonReport
}

/** Imports a document with this operation and returns its tool. */
export async function onlyTool(
  operation: Readonly<Record<string, unknown>>,
  {
    version = '3.1.0',
    method = 'get',
    path = '/things',
    ...document
  }: Readonly<Record<string, unknown>> & {
    readonly version?: string
    readonly method?: string
    readonly path?: string
  } = {},
): Promise<Tool> {
  const report = await imported({
    openapi: version,
    info: { title: 'Things', version: '1' },
    servers: [{ url: 'https://api.example.com' }],
    paths: { [path]: { [method]: { responses: {}, ...operation } } },
    ...document,
  })
  const [tool] = Object.values(report.catalogue?.tools ?? {})
  if (tool === undefined) throw new Error(JSON.stringify(report.leftOut))
  return tool
}

/** An operation with a JSON response of this schema. */
export function answering(schema: unknown, status = '200'): Record<string, unknown> {
  return {
    responses: { [status]: { description: '', content: { 'application/json': { schema } } } },
  }
}

/** An operation with a body of this schema. */
export function sending(schema: unknown, type = 'application/json'): Record<string, unknown> {
  return { requestBody: { required: true, content: { [type]: { schema } } } }
}
