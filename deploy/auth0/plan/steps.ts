import type { ReadFailure } from '../reading.ts'
import type { Change, FieldChange, PlanItem, Shown, Step } from './item.ts'

/** What an item is about, whatever becomes of it. */
export type About = Pick<PlanItem, 'area' | 'subject' | 'why' | 'where'>

/** Fields that are patched together: as they are, as they are to be, and the patch that does it. */
export interface Aspect<Body> {
  readonly fields: readonly FieldChange[]
  readonly patch: Body
}

/** A field whose value is sent as it is shown. */
export function aspect<const Field extends string, Value extends Shown>(
  field: Field,
  before: Shown,
  after: Value,
): Aspect<{ [Name in Field]: Value }> {
  return {
    fields: [{ field, before, after }],
    patch: { [field]: after } as { [Name in Field]: Value },
  }
}

/**
 * A step for what exists: a patch of the aspects in which it differs, and nothing of the others; no
 * call at all when it differs in none.
 */
export function changeOrKeep<Body extends object>(
  about: About,
  aspects: readonly Aspect<Body>[],
  toChange: (body: Body) => Change,
): Step {
  const different = aspects.filter(({ fields }) => fields.some(differs))
  if (different.length === 0) return keep(about)
  const changes = different.flatMap(({ fields }) => fields.filter(differs))
  const body: Body = Object.assign({}, ...different.map(({ patch }) => patch))
  return { item: { ...about, action: 'change', changes }, change: toChange(body) }
}

/** A step for what does not exist yet: every field is new. */
export function create(
  about: About,
  fields: Readonly<Record<string, Shown>>,
  change: Change,
): Step {
  const changes = Object.entries(fields).map(([field, after]) => ({
    field,
    before: undefined,
    after,
  }))
  return { item: { ...about, action: 'create', changes }, change }
}

export function keep(about: About): Step {
  return { item: { ...about, action: 'keep', changes: [] } }
}

/** Something that a person should know, and that stays as it is. */
export function report(about: About): Step {
  return { item: { ...about, action: 'report', changes: [] } }
}

/** Scopes that no tool needs: somebody else's, or of a tool that is gone. */
export function foreignScopes(
  about: About,
  scopes: readonly string[],
  { prune, change }: { readonly prune: boolean; readonly change: Change },
): Step[] {
  if (scopes.length === 0) return []
  const subject = `${about.subject}, scopes that no tool needs`
  const names = scopes.join(' ')
  if (!prune) {
    const why = `${names}: not in the catalogue; left alone, and removed with --prune`
    return [report({ ...about, subject, why })]
  }
  const why = `${names}: not in the catalogue, and --prune was given`
  const changes = [{ field: 'scopes', before: scopes, after: undefined }]
  return [{ item: { ...about, subject, why, action: 'remove', changes }, change }]
}

/** `why` says what is in the way and what to do about it. */
export function blocked(about: About, why: string): Step {
  return { item: { ...about, action: 'blocked', changes: [], why } }
}

/** What could not be read cannot be compared, and so is not touched. */
export function unreadable(about: About, { kind, message, scope }: ReadFailure): Step {
  return blocked(
    about,
    kind === 'scope-missing'
      ? `Could not be read: the Management scope ${scope} is missing`
      : `Could not be read: ${message}`,
  )
}

function differs({ before, after }: FieldChange): boolean {
  return JSON.stringify(before) !== JSON.stringify(after)
}
