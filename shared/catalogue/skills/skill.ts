import { createHash } from 'node:crypto'
import type { AccessRule } from '../access.ts'
import type { CatalogueFiles } from '../resources/catalogue-files.ts'
import { nameOf } from '../resources/catalogue-files.ts'
import { type Content, toContent } from '../resources/content.ts'
import { mimeTypeOf } from '../resources/mime-type.ts'
import { type Frontmatter, readFrontmatter } from './frontmatter.ts'

/** A skill in the result of `skills/list` (SEP-2640, `io.modelcontextprotocol/skills`). */
export interface Skill {
  readonly uri: string
  readonly frontmatter: Frontmatter
  /** Every file, sorted by URI; `digest` is `sha256:` and lower-case hex, `size` in bytes. */
  readonly resources: readonly {
    readonly uri: string
    readonly digest: string
    readonly size: number
  }[]
}

/** A file of a skill in the result of `resources/read`. */
export interface SkillFile {
  readonly uri: string
  readonly mimeType: string
  readonly content: Content
}

export interface SkillEntry extends AccessRule {
  readonly skill: Skill
  readonly files: readonly SkillFile[]
}

const MANIFEST = 'SKILL.md'
const KIB = 1024
/** OpenAI's limits for skills (developers.openai.com, Plugins, "Skills"). */
export const SKILL_LIMITS = {
  skills: 5,
  files: 100,
  manifestBytes: 256 * KIB,
  fileBytes: 1024 * KIB,
  skillBytes: 5 * 1024 * KIB,
} as const

/**
 * Returns the skill folders that a path selects: the folder itself if it contains a SKILL.md, otherwise
 * its subfolders that contain one. For the path of a SKILL.md, returns its folder.
 *
 * @throws FileFault if there is no such folder.
 */
export function skillFolders(path: string, files: CatalogueFiles): readonly string[] {
  const folder = path.replace(/\/+$/, '').replace(new RegExp(`/${MANIFEST}$`), '')
  const found = files.list(folder, SKILL_LIMITS.skills * SKILL_LIMITS.files)
  if (found.includes(MANIFEST)) return [folder]
  return found
    .filter((file) => file.split('/').length === 2 && file.endsWith(`/${MANIFEST}`))
    .map((file) => `${folder}/${file.slice(0, -MANIFEST.length - 1)}`)
}

/**
 * Reads the skill in a folder.
 *
 * @returns The skill, or its faults.
 * @throws FileFault for files that are missing, too large or outside the catalogue's folder.
 */
export function readSkill(
  folder: string,
  files: CatalogueFiles,
): Pick<SkillEntry, 'skill' | 'files'> | { readonly faults: readonly string[] } {
  const { manifestBytes, fileBytes, skillBytes } = SKILL_LIMITS
  const manifest = files.read(`${folder}/${MANIFEST}`, manifestBytes)
  const read = readFrontmatter(manifest)
  if ('faults' in read) return read
  const { name } = read.frontmatter
  if (name !== nameOf(folder))
    return { faults: [`the name must equal the name of the folder: ${name}`] }
  const paths = files.list(folder, SKILL_LIMITS.files)
  const all = paths.map((path) => {
    const bytes = path === MANIFEST ? manifest : files.read(`${folder}/${path}`, fileBytes)
    const mimeType = mimeTypeOf(path) ?? 'application/octet-stream'
    const uri = uriOf(name, path)
    const content = toContent(bytes, mimeType)
    return { uri, mimeType, content, digest: digestOf(bytes), size: bytes.length }
  })
  const total = all.reduce((sum, { size }) => sum + size, 0)
  if (total > skillBytes) return { faults: [`has ${total} bytes; the maximum is ${skillBytes}`] }
  const sorted = all.toSorted((one, other) => (one.uri < other.uri ? -1 : 1))
  const resources = sorted.map(({ uri, digest, size }) => ({ uri, digest, size }))
  return {
    skill: { uri: uriOf(name, MANIFEST), frontmatter: read.frontmatter, resources },
    files: sorted.map(({ uri, mimeType, content }) => ({ uri, mimeType, content })),
  }
}

/** Returns the URI in the form in which `URL` serializes it. */
function uriOf(name: string, path: string): string {
  const segments = path.split('/').map((segment) => encodeURIComponent(segment))
  return new URL(`skill://${name}/${segments.join('/')}`).href
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
