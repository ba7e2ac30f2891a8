import { type Finding, fault, warning } from '../check.ts'
import { HINTS } from '../../auth0/doctor/submission/hints.ts'
import { atTool, ofTools, type SubmissionCheck } from './subject.ts'

/** The hints of each tool and their justifications. */
export const HINT_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'annotations',
    title: 'every tool sets the three hints',
    run: ofTools((tool) => {
      const missing = HINTS.filter((hint) => typeof tool.annotations?.[hint] !== 'boolean')
      if (missing.length === 0) return []
      return [
        fault({
          id: 'annotations_required',
          seen: `${tool.name} does not set ${missing.join(', ')}`,
          why: 'OpenAI takes no default: each hint is true or false on every tool',
          fix: `set annotations: {${missing.map((hint) => `${hint}: true | false`).join(', ')}} as the tool behaves`,
          where: atTool(tool),
        }),
      ]
    }),
  },
  {
    name: 'hints-agree',
    title: 'the hints of each tool agree with each other and with its request',
    run: ofTools(({ name, annotations, request }) => {
      const { readOnlyHint, destructiveHint } = annotations ?? {}
      const method = request?.method
      const writes = method === 'PUT' || method === 'PATCH' || method === 'DELETE'
      const seen = [
        ...(readOnlyHint === true && destructiveHint === true
          ? [`${name} is read-only and destructive`]
          : []),
        ...(readOnlyHint === true && writes ? [`${name} is read-only and sends ${method}`] : []),
        ...(destructiveHint === false && method === 'DELETE'
          ? [`${name} is not destructive and sends DELETE`]
          : []),
      ]
      return seen.map((line) =>
        warning({
          id: 'annotations_contradictory',
          seen: line,
          why: 'Hints that do not match the behaviour are the most frequent reason for a rejection',
          fix: 'set readOnlyHint to true only for a tool that changes nothing, and destructiveHint to true for one that deletes or overwrites',
          where: atTool({ name }),
        }),
      )
    }),
  },
  {
    name: 'justifications',
    title: 'every hint has a justification',
    run: ofTools((tool, { submission, submissionFile }) => {
      const given = submission?.justifications.get(tool.name)
      const missing = HINTS.filter((hint) => !given?.[hint]?.trim())
      if (missing.length === 0) return []
      return [
        fault({
          id: 'justification_required',
          seen: `${tool.name} has no justification of ${missing.join(', ')}`,
          why: 'The portal asks for one sentence on each hint of each tool',
          fix: `write it in ${submissionFile} under justifications.${tool.name}`,
          where: atTool(tool),
        }),
      ]
    }),
  },
  {
    name: 'submission-tools',
    title: 'the submission file names tools of the catalogue, with the same hints',
    run: ({ tools, submission, submissionFile }) => {
      const known = new Map(tools.map((tool) => [tool.name, tool]))
      const { justifications, annotations } = submission ?? {}
      const strangers = [...(justifications?.keys() ?? [])].filter((name) => !known.has(name))
      const others = [...(annotations ?? [])].flatMap(([name, hints]): readonly Finding[] => {
        const tool = known.get(name)
        const differing = HINTS.filter(
          (hint) => hints[hint] !== undefined && hints[hint] !== tool?.annotations?.[hint],
        )
        if (tool === undefined || differing.length === 0) return []
        return [
          fault({
            id: 'submission_annotations_differ',
            seen: `${submissionFile} and the catalogue differ in ${differing.join(', ')} of ${name}`,
            why: 'OpenAI compares what is submitted with what the server lists',
            fix: 'set both to what the tool does',
            where: atTool(tool),
          }),
        ]
      })
      return [
        ...others,
        ...strangers.map((name) =>
          warning({
            id: 'justification_unknown_tool',
            seen: `${submissionFile} justifies ${name.slice(0, 128)}, which is no tool`,
            why: 'The tool may have another name now, and no justification',
            fix: 'name the tool as the catalogue does, or remove the entry',
            where: `${submissionFile}: justifications`,
          }),
        ),
      ]
    },
  },
]
