import { SKILL_LIMITS, type SkillEntry } from '../../../shared/catalogue/skills/skill.ts'
import { fault } from '../check.ts'
import type { SubmissionCheck } from './subject.ts'

const FRONTMATTER = /^\ufeff?---\r?\n[\s\S]*?^---[ \t]*(?:\r?\n|$)/m
const MAX_IDENTITY_CHARACTERS = 64

/** Skills as Scan Tools imports them; the catalogue refuses files over OpenAI's limits at start. */
export const SKILL_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'skills',
    title: 'every skill has instructions and keeps the limits of OpenAI',
    run: ({ skills, submission }) => {
      if (skills.length === 0) return { skipped: 'there are no skills' }
      const name = submission?.listing?.name ?? ''
      return skills.flatMap((entry) => {
        const { frontmatter, uri, resources } = entry.skill
        const bytes = resources.reduce((sum, { size }) => sum + size, 0)
        const identity = `${name}:${frontmatter.name}`
        const found = [
          ...(bodyOf(entry).trim() === ''
            ? [
                [
                  'skill_body_empty',
                  'SKILL.md has no instructions',
                  'write them below the frontmatter',
                ] as const,
              ]
            : []),
          ...(resources.length > SKILL_LIMITS.files || bytes > SKILL_LIMITS.skillBytes
            ? [
                [
                  'skill_bundle_too_large',
                  'the skill has too many or too large files',
                  'make it smaller',
                ] as const,
              ]
            : []),
          ...(identity.length > MAX_IDENTITY_CHARACTERS
            ? [
                [
                  'skill_identity_too_long',
                  `${identity} has ${identity.length} characters`,
                  `shorten the name of the app or of the skill: together at most ${MAX_IDENTITY_CHARACTERS}`,
                ] as const,
              ]
            : []),
        ]
        return found.map(([id, seen, fix]) =>
          fault({
            id,
            seen,
            why: 'Scan Tools does not import the skill',
            fix,
            where: `skill ${uri}`,
          }),
        )
      })
    },
  },
]

function bodyOf({ files }: SkillEntry): string {
  const manifest = files.find(({ uri }) => uri.endsWith('/SKILL.md'))
  if (manifest === undefined || !('text' in manifest.content)) return ''
  return manifest.content.text.replace(FRONTMATTER, '')
}
