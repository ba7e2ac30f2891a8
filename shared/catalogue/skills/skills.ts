import '../../schema-messages.ts'

import * as z from 'zod/mini'
import { ConfigError } from '../../config.ts'
import { asObject } from '../../json.ts'
import { lazily } from '../../lazily.ts'
import { type AccessRule, ruleOfSchemes, ruleOfScopes, schemeList, scopeList } from '../access.ts'
import type { CatalogueFiles } from '../resources/catalogue-files.ts'
import { FileFault } from '../resources/catalogue-files.ts'
import { readSkill, SKILL_LIMITS, type SkillEntry, skillFolders } from './skill.ts'

const entry = lazily(() =>
  z.strictObject({
    path: z.string().check(z.minLength(1)),
    scopes: z.optional(scopeList()),
    securitySchemes: z.optional(schemeList()),
  }),
)
const SIGNED_IN: AccessRule = { access: 'signed-in', scopes: [] }

/**
 * Reads the `skills` of a catalogue: a list, or a mapping with any names, of folder paths or
 * `{path, scopes | securitySchemes}`. A skill that does not define its access has the catalogue's
 * default; without a default, it requires a sign-in but no scopes.
 *
 * @throws ConfigError with a line for each fault. Skills beyond OpenAI's limits are faults.
 */
export function readSkills(
  variable: string,
  written: unknown,
  defaults: Readonly<Record<string, unknown>>,
  files: CatalogueFiles,
): readonly SkillEntry[] {
  const faults: string[] = []
  const skills = new Map<string, SkillEntry>()
  for (const [index, one] of entriesOf(variable, written).entries()) {
    const at = `${variable}: skills.${index}`
    const parsed = entry().safeParse(withDefaults(one, defaults), { jitless: true })
    if (!parsed.success) {
      faults.push(...parsed.error.issues.map(({ path, message }) => `${at}: ${path}: ${message}`))
      continue
    }
    try {
      const folders = skillFolders(parsed.data.path, files)
      if (folders.length === 0) faults.push(`${at}: no SKILL.md in ${parsed.data.path}`)
      for (const folder of folders) {
        const read = readSkill(folder, files)
        if ('faults' in read) {
          faults.push(...read.faults.map((fault) => `${at}: ${folder}: ${fault}`))
        } else if (skills.has(read.skill.uri)) {
          faults.push(`${at}: ${folder}: another skill has this name`)
        } else skills.set(read.skill.uri, { ...read, ...ruleOf(parsed.data) })
      }
    } catch (error) {
      if (!(error instanceof FileFault)) throw error
      faults.push(`${at}: ${error.message}`)
    }
  }
  if (skills.size > SKILL_LIMITS.skills) {
    faults.push(
      `${variable}: skills has ${skills.size} skills; the maximum is ${SKILL_LIMITS.skills}`,
    )
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return [...skills.values()].toSorted((one, other) => (one.skill.uri < other.skill.uri ? -1 : 1))
}

function entriesOf(variable: string, written: unknown): readonly unknown[] {
  if (written == null) return []
  if (typeof written === 'string') return [written]
  if (Array.isArray(written)) return written
  const mapping = asObject(written)
  if (mapping !== undefined) return Object.values(mapping)
  throw new ConfigError([`${variable}: skills must be a list of folders`])
}

function withDefaults(
  one: unknown,
  { scopes, securitySchemes }: Readonly<Record<string, unknown>>,
) {
  const own = typeof one === 'string' ? { path: one } : asObject(one)
  const given = Object.fromEntries(Object.entries(own ?? {}).filter(([, value]) => value !== null))
  if (own === undefined || 'scopes' in given || 'securitySchemes' in given) return own && given
  return { ...given, scopes: scopes ?? undefined, securitySchemes: securitySchemes ?? undefined }
}

function ruleOf({ scopes, securitySchemes }: z.output<ReturnType<typeof entry>>): AccessRule {
  if (securitySchemes !== undefined) return ruleOfSchemes(securitySchemes)
  return scopes === undefined ? SIGNED_IN : ruleOfScopes(scopes)
}
