import { readdirSync, readFileSync } from 'node:fs'
import type { Metafile } from 'esbuild'
import { ROOT } from './functions.ts'
import { packageOf } from './weights.ts'

const LICENCE = /^(licen[cs]e|copying|notice)(\..*)?$/i

/**
 * Returns the licences of all bundled packages; most licences require it.
 *
 * @throws Error that names a package without a licence file or `license` field.
 */
export function licences({ outputs }: Metafile): string {
  const paths = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  const directories = new Set(paths.flatMap((path) => packageOf(path)?.directory ?? []))
  return [...directories].sort().map(licenceOf).join('\n')
}

function licenceOf(directory: string): string {
  const manifest = readFileSync(`${ROOT}${directory}/package.json`, 'utf8')
  const { name, version, license, author } = JSON.parse(manifest) as Record<string, unknown>
  const files = readdirSync(`${ROOT}${directory}`).filter((file) => LICENCE.test(file))
  const texts = files.map((file) => readFileSync(`${ROOT}${directory}/${file}`, 'utf8').trim())
  if (texts.length === 0 && typeof license !== 'string') throw new Error(`no licence: ${directory}`)
  const by = typeof author === 'string' ? `, ${author}` : ''
  return [`== ${name} ${version} (${license}${by})`, '', ...texts, ''].join('\n')
}
