import type { Observed } from '../faults/faults.ts'
import { ofTools, type SubmissionCheck, toolPlace } from './subject.ts'
import { HINTS } from './submission-file.ts'

/** The hints of each tool and their justifications. */
export const HINT_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'annotations',
    title: 'Every tool sets the three hints',
    run: ofTools((tool) => {
      const missing = HINTS.filter((hint) => typeof tool.annotations?.[hint] !== 'boolean')
      if (missing.length === 0) return []
      const hints = missing.map((hint) => `${hint}: true | false`).join(', ')
      return [
        {
          id: 'annotations_required',
          seen: `${tool.name} does not set ${missing.join(', ')}`,
          where: toolPlace(tool),
          details: { hints },
        },
      ]
    }),
  },
  {
    name: 'hints-agree',
    title: 'The hints of each tool agree with each other and with its request',
    run: ofTools(({ name, annotations, request }) => {
      const { readOnlyHint, destructiveHint } = annotations ?? {}
      const method = request?.method
      const writes = method === 'PUT' || method === 'PATCH' || method === 'DELETE'
      const lines = [
        ...(readOnlyHint === true && destructiveHint === true
          ? [`${name} is read-only and destructive`]
          : []),
        ...(readOnlyHint === true && writes ? [`${name} is read-only and sends ${method}`] : []),
        ...(destructiveHint === false && method === 'DELETE'
          ? [`${name} is not destructive and sends DELETE`]
          : []),
      ]
      const where = toolPlace({ name })
      return lines.map((seen) => ({ id: 'annotations_contradictory', seen, where }))
    }),
  },
  {
    name: 'justifications',
    title: 'Every hint has a justification',
    run: ofTools((tool, { submission, submissionFile: file }) => {
      const given = submission?.justifications.get(tool.name)
      const missing = HINTS.filter((hint) => !given?.[hint]?.trim())
      if (missing.length === 0) return []
      return [
        {
          id: 'justification_required',
          seen: `${tool.name} has no justification of ${missing.join(', ')}`,
          where: toolPlace(tool),
          details: { file, tool: tool.name },
        },
      ]
    }),
  },
  {
    name: 'submission-tools',
    title: 'The submission file names tools of the catalogue, with the same hints',
    run: ({ tools, submission, submissionFile: file }) => {
      const known = new Map(tools.map((tool) => [tool.name, tool]))
      const { justifications, annotations } = submission ?? {}
      const unknown = [...(justifications?.keys() ?? [])].filter((name) => !known.has(name))
      const different = [...(annotations ?? [])].flatMap(([name, hints]): readonly Observed[] => {
        const tool = known.get(name)
        const differing = HINTS.filter(
          (hint) => hints[hint] !== undefined && hints[hint] !== tool?.annotations?.[hint],
        )
        if (tool === undefined || differing.length === 0) return []
        const seen = `${file} and the catalogue differ in ${differing.join(', ')} of ${name}`
        return [{ id: 'submission_annotations_differ', seen, where: toolPlace(tool) }]
      })
      return [
        ...different,
        ...unknown.map(
          (name): Observed => ({
            id: 'justification_unknown_tool',
            seen: `${file} justifies ${name.slice(0, 128)}, which is not a tool`,
            where: `${file}: justifications`,
          }),
        ),
      ]
    },
  },
]
