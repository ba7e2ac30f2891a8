import { type Finding, fault } from '../../../diagnostics/check.ts'

/** What the gateway refuses that a rule of OpenAI's review is about, by the words of its message. */
const RULES: readonly (readonly [words: RegExp, id: string, fix: string])[] = [
  [
    /: name must be 1 to 128/,
    'tool_name_unsupported',
    'rename the tool: 1 to 64 of A-Z a-z 0-9 _ -',
  ],
  [/profile tool|answeredBy/, 'profile_tool_invalid', 'use the tool of docs/tools.md, "Profile"'],
  [/: skills[ .]/, 'skill_invalid', 'keep the limits of OpenAI: docs/tools.md, "Skills"'],
  [
    /_meta\.ui|: _meta:|a ui:\/\/ resource must be|must be ui:\/\/|must be HTML/,
    'ui_resource_unreadable',
    'mend the resource or the tool: docs/tools.md, "Tools with a UI"',
  ],
  [/names no tool$/, 'tool_required', 'add a tool to the catalogue'],
]

/** One finding for each fault of a catalogue that the gateway refuses at start. */
export function catalogueFindings(faults: readonly string[]): readonly Finding[] {
  return faults.map((seen) => {
    const [, id = 'catalogue_invalid', fix = 'mend the catalogue: npm run build says the same'] =
      RULES.find(([words]) => words.test(seen)) ?? []
    const [, kind, name] = /: (tool|resource) ("(?:[^"\\]|\\.)*")/.exec(seen) ?? []
    return fault({
      id,
      seen,
      why: 'The gateway does not start with it',
      fix,
      where: kind === undefined ? 'the catalogue' : `${kind} ${JSON.parse(name ?? '""')}`,
    })
  })
}
