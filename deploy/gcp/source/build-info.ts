import { writeFileSync } from 'node:fs'
import manifest from '../../../package.json' with { type: 'json' }
import { BUILD_INFO_FILE } from '../../../shared/build-info.ts'
import { ROOT } from '../../build/functions.ts'
import type { Run } from '../command.ts'

/** Returns the commit of the working copy, with `-dirty` if files differ; undefined if git fails. */
export async function readCommit(run: Run): Promise<string | undefined> {
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'] as const
  const { code, stdout } = await run(['git', '-C', ROOT, ...describe])
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

/** Writes the build information that `/health` returns. It is not part of the source digest. */
export function writeBuildInfo(directory: string, commit: string | undefined): void {
  const info = {
    version: manifest.version,
    ...(commit && { commit }),
    built: new Date().toISOString(),
  }
  writeFileSync(`${directory}/${BUILD_INFO_FILE}`, `${JSON.stringify(info)}\n`)
}
