import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { ROOT } from '../../build/functions.ts'
import firebase from '../../firebase.json' with { type: 'json' }
import { resourceName } from '../names.ts'
import type { Settings } from '../settings.ts'
import { digestOf } from '../source/digest.ts'

/** The content for Hosting: a directory for the firebase command line, and its digest. */
export interface Site {
  readonly directory: string
  readonly digest: string
}

type Place = Pick<Settings, 'region' | 'prefix' | 'site'>

/** Returns the rewrite map for the given functions, with this deployment's site, region and names. */
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

/** Writes the content for Hosting into `<dist>/hosting`. The digest does not depend on the site. */
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

/** Returns the arguments that every firebase command for a site needs. */
export function siteArguments({ directory }: Site, project: string): readonly string[] {
  return ['--project', project, '--config', `${directory}/firebase.json`, '--non-interactive']
}
