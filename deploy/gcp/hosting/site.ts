import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { ROOT } from '../../build/functions.ts'
import firebase from '../../firebase.json' with { type: 'json' }
import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import { digestOf } from '../source/digest.ts'

/** What Hosting is to serve: a directory for the firebase command line, and its digest. */
export interface Site {
  readonly directory: string
  readonly digest: string
}

type Place = Pick<Settings, 'region' | 'prefix' | 'site'>

/** The rewrite map with site, region and names of this deployment, for the functions that it has. */
export function hostingConfig(functions: readonly string[], place: Place) {
  const { hosting } = firebase
  const { region, site } = place
  const rewrites = hosting.rewrites
    .filter(({ run }) => functions.includes(run.serviceId))
    .map((rewrite) => ({
      ...rewrite,
      run: { serviceId: resourceName(rewrite.run.serviceId, place), region },
    }))
  return { hosting: { ...(site && { site }), ...hosting, public: 'public', rewrites } }
}

/** Writes what Hosting is to serve into `<dist>/hosting`. The digest does not tell which site it is for. */
export function writeSite(functions: readonly string[], place: Place, dist: string): Site {
  const directory = `${dist}/hosting`
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  cpSync(`${ROOT}deploy/${firebase.hosting.public}`, `${directory}/public`, { recursive: true })
  const write = (config: unknown) =>
    writeFileSync(`${directory}/firebase.json`, `${JSON.stringify(config, undefined, 2)}\n`)
  write(hostingConfig(functions, { ...place, site: undefined }))
  const digest = digestOf(directory)
  write(hostingConfig(functions, place))
  return { directory, digest }
}

/** What every command about a site takes. */
export function siteArguments({ directory }: Site, project: string): readonly string[] {
  return ['--project', project, '--config', `${directory}/firebase.json`, '--non-interactive']
}
