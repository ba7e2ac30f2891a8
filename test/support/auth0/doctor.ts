import { doctorCommand } from '../../../deploy/commands/doctor.ts'
import type { Finding } from '../../../deploy/diagnostics/check.ts'
import type { DoctorIo } from '../../../deploy/diagnostics/doctor.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'

/** The output of `npm run doctor -- --json`. */
export interface DoctorReport {
  readonly url: string
  readonly ok: boolean
  readonly findings: readonly (Finding & { readonly group: string })[]
  readonly checked: readonly { readonly name: string }[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

export interface DoctorRun {
  readonly exitCode: number
  readonly output: string
  readonly errorOutput: string
}

export type DoctorOptions = Partial<Omit<DoctorIo, 'args' | 'write' | 'writeError'>>

/** Runs the command in this process. */
export async function doctor(
  args: readonly string[],
  options: DoctorOptions = {},
): Promise<DoctorRun> {
  const written: string[] = []
  const complained: string[] = []
  const exitCode = await runCommand<DoctorIo>(doctorCommand, {
    env: {},
    readInput: async () => '',
    ...options,
    args,
    write: (text) => written.push(text),
    writeError: (text) => complained.push(text),
  })
  return { exitCode, output: written.join(''), errorOutput: complained.join('') }
}

/** Runs the command with `--json`. */
export async function doctorReport(
  args: readonly string[],
  options: DoctorOptions = {},
): Promise<DoctorReport> {
  const { output } = await doctor([...args, '--json'], options)
  return JSON.parse(output)
}

/** The ids of the findings, sorted and without duplicates. */
export function idsOf({ findings }: Pick<DoctorReport, 'findings'>): string[] {
  return [...new Set(findings.map(({ id }) => id))].sort()
}
