import type { CheckOutcome } from '../check.ts'
import type { Observed } from '../faults/faults.ts'
import { ofTools, type Subject, type SubmissionCheck, toolPlace } from './subject.ts'

const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const INVOCATION = ['openai/toolInvocation/invoking', 'openai/toolInvocation/invoked'] as const
const MAX_INVOCATION_CHARACTERS = 64
const MAX_INSTRUCTIONS_CHARACTERS = 512
// Control characters but for line breaks and tabs, line separators, and marks that hide text.
const UNSUPPORTED =
  /(?![\n\r\t])\p{Cc}|[\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]/u

/** Names and texts of the tools, and the instructions. */
export const TEXT_CHECKS: readonly SubmissionCheck[] = [
  {
    name: 'tools',
    title: 'The catalogue has a tool',
    run: ({ tools }) =>
      tools.length > 0 ? [] : [{ id: 'tool_required', seen: 'there are no tools' }],
  },
  {
    name: 'tool-names',
    title: 'ChatGPT and claude.ai accept every tool name',
    run: ofTools((tool) => {
      if (NAME.test(tool.name)) return []
      const seen = `the name ${JSON.stringify(tool.name)} is not 1 to 64 of A-Z a-z 0-9 _ -`
      return [{ id: 'tool_name_unsupported', seen, where: toolPlace(tool) }]
    }),
  },
  {
    name: 'descriptions',
    title: 'Every tool has a description',
    run: ofTools((tool) => {
      if (tool.description.trim() !== '') return []
      const seen = `${tool.name} has no description`
      return [{ id: 'tool_description_required', seen, where: toolPlace(tool) }]
    }),
  },
  {
    name: 'titles',
    title: 'Every tool has a title',
    run: ofTools((tool) => {
      if ((tool.title ?? tool.annotations?.title ?? '').trim() !== '') return []
      return [
        { id: 'tool_title_missing', seen: `${tool.name} has no title`, where: toolPlace(tool) },
      ]
    }),
  },
  {
    name: 'tool-texts',
    title: 'No text of a tool has hidden or control characters',
    run: ofTools((tool) => {
      const parts = { title: tool.title, description: tool.description }
      const bad = Object.entries(parts).filter(([, text]) => UNSUPPORTED.test(text ?? ''))
      return bad.map(([part]) => ({
        id: 'tool_text_unsupported',
        seen: `the ${part} of ${tool.name} has control or invisible characters`,
        where: toolPlace(tool),
      }))
    }),
  },
  {
    name: 'invocation-texts',
    title: `The status texts of tools have at most ${MAX_INVOCATION_CHARACTERS} characters`,
    run: ofTools((tool) =>
      INVOCATION.flatMap((name): readonly Observed[] => {
        const text = tool._meta?.[name]
        const isShort = typeof text === 'string' && [...text].length <= MAX_INVOCATION_CHARACTERS
        if (text === undefined || isShort) return []
        const length = typeof text === 'string' ? `${[...text].length} characters` : 'no text'
        const seen = `${name} of ${tool.name} has ${length}`
        return [{ id: 'invocation_text_too_long', seen, where: toolPlace(tool), details: { name } }]
      }),
    ),
  },
  {
    name: 'instructions',
    title: `The server has instructions of at most ${MAX_INSTRUCTIONS_CHARACTERS} characters`,
    run: checkInstructions,
  },
]

function checkInstructions({ server: { instructions } }: Subject): CheckOutcome {
  if (instructions === undefined) {
    return [{ id: 'instructions_missing', seen: 'there are no instructions' }]
  }
  const length = [...instructions].length
  if (length <= MAX_INSTRUCTIONS_CHARACTERS) return []
  return [{ id: 'instructions_too_long', seen: `the instructions have ${length} characters` }]
}
