import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One run of a stand-in command. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  readonly stdin: string
  /** Contents of the file that --env-vars-file named. */
  readonly variables: Readonly<Record<string, string>> | undefined
}

/** What a command answers whose line matches; the first that matches counts. */
export interface Reply {
  readonly line: string
  readonly code?: number
  readonly stdout?: unknown
  readonly stderr?: string
}

/** Programs of these names in a directory for the PATH: they record how they are run, and answer. */
export interface FakeCommands extends Disposable {
  readonly path: string
  readonly directory: string
  readonly invocations: () => Invocation[]
  readonly reply: (...replies: Reply[]) => void
}

const SCRIPT = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs')
const [, script, ...args] = process.argv
const program = script.replace(/^.*\\//, '')
const stdin = readFileSync(0, 'utf8')
const file = args.find((arg) => arg.startsWith('--env-vars-file='))?.slice(16)
const variables = file && JSON.parse(readFileSync(file, 'utf8'))
appendFileSync(__dirname + '/log', JSON.stringify({ program, args, stdin, variables }) + '\\n')
const line = [program, ...args].join(' ')
const replies = JSON.parse(readFileSync(__dirname + '/replies', 'utf8'))
const { code = 0, stdout = '', stderr = '' } = replies.find((one) => new RegExp(one.line).test(line)) ?? {}
process.stdout.write(typeof stdout === 'string' ? stdout : JSON.stringify(stdout))
process.stderr.write(stderr)
process.exitCode = code
`
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

export function fakeCommands(programs: readonly string[]): FakeCommands {
  const directory = mkdtempSync(join(tmpdir(), 'commands-'))
  for (const program of programs) {
    writeFileSync(join(directory, program), SCRIPT)
    chmodSync(join(directory, program), 0o755)
  }
  const reply = (...replies: Reply[]) =>
    writeFileSync(join(directory, 'replies'), JSON.stringify([...replies, ...DEFAULTS]))
  reply()
  const log = join(directory, 'log')
  return {
    // Nothing else of this machine: a program that is not given is not installed.
    path: directory,
    directory,
    reply,
    invocations: () => {
      if (!existsSync(log)) return []
      const lines = readFileSync(log, 'utf8').trim().split('\n')
      return lines.map((line) => JSON.parse(line) as Invocation)
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}
