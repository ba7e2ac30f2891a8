import { type Finding, fault, warning } from '../check.ts'
import { atTool, ofTools, type SubmissionCheck } from './subject.ts'

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
    title: 'there is at least one tool',
    run: ({ tools }) =>
      tools.length > 0
        ? []
        : [
            fault({
              id: 'tool_required',
              seen: 'there is no tool',
              why: 'Scan Tools imports nothing from a server without tools',
              fix: 'add a tool to the catalogue',
            }),
          ],
  },
  {
    name: 'tool-names',
    title: 'every name is one that ChatGPT and claude.ai take',
    run: ofTools((tool) =>
      NAME.test(tool.name)
        ? []
        : [
            fault({
              id: 'tool_name_unsupported',
              seen: `the name ${JSON.stringify(tool.name)} is not 1 to 64 of A-Z a-z 0-9 _ -`,
              why: 'claude.ai drops the whole list of tools for one such name, and ChatGPT takes no other characters',
              fix: 'rename the tool, in its backend too unless request names its URL',
              where: atTool(tool),
            }),
          ],
    ),
  },
  {
    name: 'descriptions',
    title: 'every tool has a description',
    run: ofTools((tool) =>
      tool.description.trim() !== ''
        ? []
        : [
            fault({
              id: 'tool_description_required',
              seen: `${tool.name} has no description`,
              why: 'The model chooses a tool by its description, and the review compares it with the behaviour',
              fix: 'describe what the tool does, what it changes and what it answers',
              where: atTool(tool),
            }),
          ],
    ),
  },
  {
    name: 'titles',
    title: 'every tool has a title',
    run: ofTools((tool) =>
      (tool.title ?? tool.annotations?.title ?? '').trim() !== ''
        ? []
        : [
            warning({
              id: 'tool_title_missing',
              seen: `${tool.name} has no title`,
              why: 'ChatGPT shows the title to people; without it they see the name',
              fix: 'add title to the tool',
              where: atTool(tool),
            }),
          ],
    ),
  },
  {
    name: 'tool-texts',
    title: 'no text of a tool has hidden or control characters',
    run: ofTools((tool) => {
      const parts = { title: tool.title, description: tool.description }
      const bad = Object.entries(parts).filter(([, text]) => UNSUPPORTED.test(text ?? ''))
      return bad.map(([part]) =>
        warning({
          id: 'tool_text_unsupported',
          seen: `the ${part} of ${tool.name} has control or invisible characters`,
          why: 'The review reads hidden text as an attempt to steer the model',
          fix: `write the ${part} again without them`,
          where: atTool(tool),
        }),
      )
    }),
  },
  {
    name: 'invocation-texts',
    title: `the status texts of tools have at most ${MAX_INVOCATION_CHARACTERS} characters`,
    run: ofTools((tool) =>
      INVOCATION.flatMap((name): readonly Finding[] => {
        const text = tool._meta?.[name]
        const isShort = typeof text === 'string' && [...text].length <= MAX_INVOCATION_CHARACTERS
        if (text === undefined || isShort) return []
        const length = typeof text === 'string' ? `${[...text].length} characters` : 'no text'
        return [
          fault({
            id: 'invocation_text_too_long',
            seen: `${name} of ${tool.name} has ${length}`,
            why: `ChatGPT shows at most ${MAX_INVOCATION_CHARACTERS} characters while a tool runs`,
            fix: `shorten _meta["${name}"]`,
            where: atTool(tool),
          }),
        ]
      }),
    ),
  },
  {
    name: 'instructions',
    title: `the instructions are there and end within ${MAX_INSTRUCTIONS_CHARACTERS} characters`,
    run: ({ server: { instructions } }) => {
      const about = {
        why: `ChatGPT and Codex give the first ${MAX_INSTRUCTIONS_CHARACTERS} characters to the model`,
        where: 'server.instructions',
      }
      if (instructions === undefined) {
        return [
          warning({
            id: 'instructions_missing',
            seen: 'there are no instructions',
            fix: 'say in server.instructions how the tools work together',
            ...about,
          }),
        ]
      }
      const length = [...instructions].length
      if (length <= MAX_INSTRUCTIONS_CHARACTERS) return []
      return [
        warning({
          id: 'instructions_too_long',
          seen: `the instructions have ${length} characters`,
          fix: `put what matters into the first ${MAX_INSTRUCTIONS_CHARACTERS} characters, and shorten the rest`,
          ...about,
        }),
      ]
    },
  },
]
