import { type AccessRule, isOpen } from '../../../shared/catalogue/access.ts'
import type { Content } from '../../../shared/catalogue/resources/content.ts'
import type { ResourceEntry } from '../../../shared/catalogue/resources/resource.ts'
import type { SkillEntry } from '../../../shared/catalogue/skills/skill.ts'
import type { CatalogueDocument } from '../../../shared/tools.ts'

/** A resource that `resources/read` returns: a resource of the catalogue or a file of a skill. */
export interface ReadableResource extends AccessRule {
  readonly uri: string
  readonly mimeType?: string | undefined
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
  readonly source: ResourceEntry['source']
}

/** The resources and skills of the catalogue. */
export interface ServedResources {
  /** By URI. A Map, because an object would also find names of its prototype. */
  readonly readable: ReadonlyMap<string, ReadableResource>
  /** The items of `resources/list`. */
  readonly listed: readonly Readonly<Record<string, unknown>>[]
  readonly skills: ReadonlyMap<string, SkillEntry>
  /** Whether any of them can be read without signing in. */
  readonly hasOpen: boolean
}

/** Returns the resources of a catalogue, including the files of its skills. */
export function serveResources({
  resources,
  skills,
}: Pick<CatalogueDocument, 'resources' | 'skills'>): ServedResources {
  const files = skills.flatMap(({ files, access, scopes }) =>
    files.map(({ uri, mimeType, content }) => {
      return { uri, mimeType, access, scopes, source: { content } } satisfies ReadableResource
    }),
  )
  const all: readonly ReadableResource[] = [...resources, ...files]
  return {
    readable: new Map(all.map((resource) => [resource.uri, resource])),
    listed: [...resources.map(listedResource), ...skills.map(listedSkill)],
    skills: new Map(skills.map((entry) => [entry.skill.uri, entry])),
    hasOpen: all.some(isOpen),
  }
}

/** Returns the resource with this URI, which clients may write differently than the list does. */
export function findResource(
  readable: ServedResources['readable'],
  uri: string,
): ReadableResource | undefined {
  return readable.get(uri) ?? readable.get(canonicalUri(uri))
}

/** Returns the URI as the WHATWG URL Standard serializes it, or unchanged if it is not a URL. */
export function canonicalUri(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).href : uri
}

/** Returns the content as an item of MCP's `contents`. */
export function contentsOf(
  { uri, mimeType, _meta }: ReadableResource,
  content: Content,
): Readonly<Record<string, unknown>> {
  return { uri, mimeType, ...content, _meta }
}

function listedResource(resource: ResourceEntry): Readonly<Record<string, unknown>> {
  const { uri, name, title, description, mimeType, size, annotations, icons, _meta } = resource
  return { uri, name, title, description, mimeType, size, annotations, icons, _meta }
}

function listedSkill({ skill }: SkillEntry): Readonly<Record<string, unknown>> {
  const { name, description } = skill.frontmatter
  const size = skill.resources.find(({ uri }) => uri === skill.uri)?.size
  return { uri: skill.uri, name, description, mimeType: 'text/markdown', size }
}
