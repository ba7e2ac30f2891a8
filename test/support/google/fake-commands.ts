import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { createRun, type Run } from '../../../deploy/gcp/command.ts'

/** One run of a fake command. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  readonly stdin: string
  /** The contents of the file from --env-vars-file. */
  readonly variables: Readonly<Record<string, string>> | undefined
}

/** The result of commands whose line matches. The first matching reply is used. */
export interface Reply {
  readonly line: string
  readonly code?: number
  readonly stdout?: unknown
  readonly stderr?: string
}

/** Fake programs that record how they are run and reply. Other programs do not exist. */
export interface FakeCommands extends Disposable {
  readonly run: Run
  /** A directory for the files of one test. */
  readonly directory: string
  readonly invocations: () => readonly Invocation[]
  readonly reply: (...replies: Reply[]) => void
}

/** An empty project in which every change succeeds. */
const DEFAULTS: readonly Reply[] = [
  { line: '^gcloud config get', stdout: '' },
  { line: '^gcloud projects describe', stdout: { projectId: 'acme-prod', projectNumber: '1' } },
  { line: '^gcloud services list', stdout: [] },
  {
    line: '^gcloud secrets versions add (\\S+)',
    stdout: { name: 'projects/1/secrets/X/versions/7' },
  },
  { line: '^gcloud .*(describe|list|get-iam-policy|access)', code: 1, stderr: 'NOT_FOUND: no' },
]

/** The fake commands of the running test. */
export interface TestCommands extends Omit<FakeCommands, typeof Symbol.dispose> {
  /** Replaces the commands and forgets how the earlier ones were run. */
  readonly restart: (programs?: readonly string[]) => void
}

/** Makes new fake commands before each test of the file. Call it once, at the top of the file. */
export function commandsForEachTest(): TestCommands {
  let commands: FakeCommands | undefined
  const current = () => commands ?? expect.fail('The commands exist only during a test.')
  const stop = () => {
    commands?.[Symbol.dispose]()
    commands = undefined
  }
  const restart = (programs: readonly string[] = ['gcloud', 'firebase']) => {
    stop()
    commands = fakeCommands(programs)
  }
  beforeEach(() => restart())
  afterEach(stop)
  return {
    get directory() {
      return current().directory
    },
    run: (...call) => current().run(...call),
    invocations: () => current().invocations(),
    reply: (...replies) => current().reply(...replies),
    restart,
  }
}

export function fakeCommands(programs: readonly string[]): FakeCommands {
  const directory = mkdtempSync(join(tmpdir(), 'commands-'))
  const invocations: Invocation[] = []
  let replies = DEFAULTS
  const run: Run = async ([program, ...args], options) => {
    // The commands of this project are not replaced.
    if (program === process.execPath) return createRun(process.env)([program, ...args], options)
    if (!programs.includes(program))
      return { code: 127, stdout: '', stderr: `spawn ${program} ENOENT` }
    const file = args.find((arg) => arg.startsWith('--env-vars-file='))?.slice(16)
    const variables = file && JSON.parse(readFileSync(file, 'utf8'))
    invocations.push({ program, args, stdin: options?.stdin ?? '', variables })
    const line = [program, ...args].join(' ')
    const reply = replies.find((one) => new RegExp(one.line).test(line))
    const { code = 0, stdout = '', stderr = '' } = reply ?? {}
    return { code, stdout: typeof stdout === 'string' ? stdout : JSON.stringify(stdout), stderr }
  }
  return {
    run,
    directory,
    reply: (...given) => {
      replies = [...given, ...DEFAULTS]
    },
    invocations: () => invocations,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}
