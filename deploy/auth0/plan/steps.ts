import type { ReadFailure } from '../reading.ts'
import type { Change, FieldChange, FieldValue, PlanItem, ProvisionStep } from './item.ts'

/** The part of a plan item that does not depend on its action. */
export type ItemInfo = Pick<PlanItem, 'area' | 'subject' | 'why' | 'where' | 'code'>

/** Fields that one patch changes together: their current and required values, and the patch. */
export interface FieldPatch<Body> {
  readonly fields: readonly FieldChange[]
  readonly patch: Body
}

/** Returns the patch of one field whose displayed value is the value that is sent. */
export function patchField<const Field extends string, Value extends FieldValue>(
  field: Field,
  before: FieldValue,
  after: Value,
): FieldPatch<{ [Name in Field]: Value }> {
  return {
    fields: [{ field, before, after }],
    patch: { [field]: after } as { [Name in Field]: Value },
  }
}

/**
 * Returns a step for an existing object: it sends the patches of the fields that differ, or no call if
 * none differs.
 */
export function changeOrKeep<Body extends object>(
  info: ItemInfo,
  patches: readonly FieldPatch<Body>[],
  toChange: (body: Body) => Change,
): ProvisionStep {
  const different = patches.filter(({ fields }) => fields.some(differs))
  if (different.length === 0) return keep(info)
  const changes = different.flatMap(({ fields }) => fields.filter(differs))
  const body: Body = Object.assign({}, ...different.map(({ patch }) => patch))
  return { item: { ...info, action: 'change', changes }, change: toChange(body) }
}

/** Returns a step that creates an object. */
export function create(
  info: ItemInfo,
  fields: Readonly<Record<string, FieldValue>>,
  change: Change,
): ProvisionStep {
  const changes = Object.entries(fields).map(([field, after]) => ({
    field,
    before: undefined,
    after,
  }))
  return { item: { ...info, action: 'create', changes }, change }
}

/** Returns a step without a change. */
export function keep(info: ItemInfo): ProvisionStep {
  return { item: { ...info, action: 'keep', changes: [] } }
}

/** Returns a note for the operator; nothing is changed. */
export function report(info: ItemInfo): ProvisionStep {
  return { item: { ...info, action: 'report', changes: [] } }
}

/** Removes scopes that no tool requires with `--prune`, or reports them without it. */
export function unusedScopeSteps(
  info: ItemInfo,
  scopes: readonly string[],
  { prune, change }: { readonly prune: boolean; readonly change: Change },
): ProvisionStep[] {
  if (scopes.length === 0) return []
  const subject = `${info.subject}, scopes that no tool requires`
  const names = scopes.join(' ')
  if (!prune) {
    const why = `${names}: not in the catalogue; kept without --prune`
    return [report({ ...info, subject, why })]
  }
  const why = `${names}: not in the catalogue, and --prune was given`
  const changes = [{ field: 'scopes', before: scopes, after: undefined }]
  return [{ item: { ...info, subject, why, action: 'remove', changes }, change }]
}

/** Returns a blocked step. `why` states the obstacle and what to do about it. */
export function blocked(info: ItemInfo, why: string): ProvisionStep {
  return { item: { ...info, action: 'blocked', changes: [], why } }
}

/** Returns a blocked step for an object that could not be read: without its state nothing is changed. */
export function unreadable(info: ItemInfo, { kind, message, scope }: ReadFailure): ProvisionStep {
  return blocked(
    info,
    kind === 'scope-missing'
      ? `Could not be read: the Management scope ${scope} is missing`
      : `Could not be read: ${message}`,
  )
}

function differs({ before, after }: FieldChange): boolean {
  return JSON.stringify(before) !== JSON.stringify(after)
}
