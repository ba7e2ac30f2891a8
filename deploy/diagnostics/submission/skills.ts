import { SKILL_LIMITS, type SkillEntry } from '../../../shared/catalogue/skills/skill.ts'
import { quantity } from '../../kit/quantity.ts'
import type { Observed } from '../faults/faults.ts'
import type { SubmissionCheck } from './subject.ts'

const FRONTMATTER = /^\ufeff?---\r?\n[\s\S]*?^---[ \t]*(?:\r?\n|$)/m
const MAX_IDENTITY_CHARACTERS = 64

/** Skills as Scan Tools imports them; the catalogue rejects files over OpenAI's limits at start. */
export const SKILL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'skills',
    title: 'Every skill has instructions and keeps the limits of OpenAI',
    run: ({ skills, submission }) => {
      if (skills.length === 0) return { skipped: 'there are no skills' }
      const app = submission?.listing?.name ?? ''
      return skills.flatMap((entry) => skillFaults(entry, app))
    },
  },
]

function skillFaults(entry: SkillEntry, app: string): Observed[] {
  const { frontmatter, uri, resources } = entry.skill
  const where = `skill ${uri}`
  const found: Observed[] = []
  if (bodyOf(entry).trim() === '') {
    found.push({ id: 'skill_body_empty', seen: 'SKILL.md has no instructions', where })
  }
  const bytes = resources.reduce((sum, { size }) => sum + size, 0)
  if (resources.length > SKILL_LIMITS.files || bytes > SKILL_LIMITS.skillBytes) {
    const seen = `the skill has ${quantity(resources.length, 'file')} with ${bytes} bytes`
    found.push({ id: 'skill_bundle_too_large', seen, where })
  }
  const identity = `${app}:${frontmatter.name}`
  if (identity.length > MAX_IDENTITY_CHARACTERS) {
    const seen = `${identity} has ${identity.length} characters`
    found.push({ id: 'skill_identity_too_long', seen, where })
  }
  return found
}

function bodyOf({ files }: SkillEntry): string {
  const manifest = files.find(({ uri }) => uri.endsWith('/SKILL.md'))
  if (manifest === undefined || !('text' in manifest.content)) return ''
  return manifest.content.text.replace(FRONTMATTER, '')
}
