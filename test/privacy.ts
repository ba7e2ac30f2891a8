/**
 * Holds everything that the functions wrote while the tests ran, at the most talkative level, against
 * what may never stand in a log: tokens, secrets, arguments, e-mail addresses.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WRITTEN } from './support/written.ts'

/** Values that the tests' arguments and the backends' answers hold. */
const ARGUMENTS = /dentist|chess|lisbon/i
const FORBIDDEN: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a JWT', pattern: /eyJ[\w-]{8,}\.[\w-]{8,}/ },
  { what: 'credentials', pattern: /\b(bearer|basic) [\w.~+/-]{8,}/i },
  { what: 'an e-mail address', pattern: /[\w.+-]+@[\w-]+\.[a-z]{2,}/i },
  { what: 'an argument', pattern: ARGUMENTS },
]

/** The audit record names the user, and some connections make their subjects of e-mail addresses. */
const SUBJECT = /"subject":"[^"]*",/

export function setup(): void {
  process.env[WRITTEN] = mkdtempSync(join(tmpdir(), 'written-'))
}

export function teardown(): void {
  const directory = process.env[WRITTEN] ?? ''
  const lines = read(directory, 'lines').map((line) => line.replace(SUBJECT, ''))
  const secrets = [...new Set(read(directory, 'secrets'))]
  rmSync(directory, { recursive: true })
  const leaks = lines.flatMap((line) => [
    ...FORBIDDEN.filter(({ pattern }) => pattern.test(line)).map(({ what }) => `${what}: ${line}`),
    ...secrets.filter((secret) => line.includes(secret)).map(() => `a secret: ${line}`),
  ])
  if (leaks.length > 0) {
    throw new Error(
      `The log must not contain these values (${leaks.length}):\n${leaks.slice(0, 20).join('\n')}`,
    )
  }
  if (lines.length === 0) return
  process.stdout.write(
    `Checked ${lines.length} log lines: none contains a token, a secret, an e-mail address or an argument.\n`,
  )
}

function read(directory: string, kind: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(kind))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
}
