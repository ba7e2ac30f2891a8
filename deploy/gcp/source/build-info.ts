import { writeFileSync } from 'node:fs'
import manifest from '../../../package.json' with { type: 'json' }
import { BUILD_INFO_FILE } from '../../../shared/build-info.ts'
import { ROOT } from '../../build/functions.ts'
import type { Run } from '../command.ts'

/** The commit of the working copy, with `-dirty` after it where files differ; absent where git fails. */
export async function readCommit(run: Run): Promise<string | undefined> {
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'] as const
  const { code, stdout } = await run(['git', '-C', ROOT, ...describe])
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
}

/** Puts beside a built function what `/health` says of it. It is not part of the source's digest. */
export function writeBuildInfo(directory: string, commit: string | undefined): void {
  const info = {
    version: manifest.version,
    ...(commit && { commit }),
    built: new Date().toISOString(),
  }
  writeFileSync(`${directory}/${BUILD_INFO_FILE}`, `${JSON.stringify(info)}\n`)
}
