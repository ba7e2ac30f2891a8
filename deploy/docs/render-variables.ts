import { FUNCTION_CONFIGS, functionConfig } from '../function-configs.ts'
import { DEPLOY_VARIABLES, LOCAL_VARIABLES } from './command-variables.ts'
import { FUNCTION_VARIABLES } from './function-variables.ts'
import type { CommandVariableText, VariableText } from './variable-text.ts'

const LINE_WIDTH = 100
const HEADER = `Every variable, in the format that \`gcloud --env-vars-file\` takes: all values are quoted strings. Copy to .env.yaml and fill in. Commented-out variables show their defaults, or an example if there is no default. \`npm run docs\` writes this file from the data in deploy/docs.`
const DEPLOY_HEADER = 'Settings of npm run deploy; they are not passed to the functions.'

/** The names of the functions that read a variable, or `all` if every function reads it. */
export function usedBy(variable: string): string {
  const all = Object.keys(FUNCTION_CONFIGS)
  const names = all.filter((name) => functionConfig(name).variables.includes(variable))
  return names.length === all.length ? 'all' : names.join(', ')
}

/** All variables as a Markdown table, for docs/variables.md. */
export function variableTable(): string {
  const functionRows = Object.entries(FUNCTION_VARIABLES).map(([name, text]) =>
    tableRow(name, usedBy(name), text),
  )
  const commandVariables: [string, CommandVariableText][] = Object.entries({
    ...DEPLOY_VARIABLES,
    ...LOCAL_VARIABLES,
  })
  const commandRows = commandVariables.map(([name, text]) => tableRow(name, text.usedBy, text))
  const header = ['| variable | used by | default | meaning |', '| --- | --- | --- | --- |']
  return [...header, ...functionRows, ...commandRows].join('\n')
}

function tableRow(name: string, readers: string, text: VariableText): string {
  const defaultText = text.isRequired ? 'required' : (text.default ?? '')
  const link = text.more === undefined ? '' : ` ([${text.more[0]}](${text.more[1]}))`
  return `| \`${name}\` | ${readers} | ${defaultText} | ${text.meaning}${link} |`
}

/** The text of .env.yaml.sample. */
export function sampleFile(): string {
  const functionEntries = Object.entries(FUNCTION_VARIABLES).map(([name, text]) =>
    sampleEntry(name, usedBy(name), text),
  )
  const deployEntries = Object.entries(DEPLOY_VARIABLES).map(([name, text]) =>
    sampleEntry(name, text.usedBy, text),
  )
  const parts = [comment(HEADER), ...functionEntries, comment(DEPLOY_HEADER), ...deployEntries]
  return `${parts.join('\n\n')}\n`
}

function sampleEntry(name: string, readers: string, text: VariableText): string {
  const defaultSentence = text.default === undefined ? [] : [`Default: ${text.default}.`]
  const meaning = text.meaning.charAt(0).toUpperCase() + text.meaning.slice(1)
  const description = comment(
    [`${meaning}.`, ...defaultSentence, `Used by: ${readers}.`].join(' ').replaceAll('`', ''),
  )
  const entry = `${name}: ${yamlString(text.sample ?? '')}`
  return `${description}\n${text.isRequired ? entry : `# ${entry}`}`
}

/** A YAML string: a block if the value has several lines, otherwise quoted, as `gcloud` requires. */
function yamlString(value: string): string {
  if (value.includes('\n')) return `|\n${value.trimEnd().replaceAll(/^/gm, '  ')}`
  return value.includes('"') ? `'${value}'` : `"${value}"`
}

function comment(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || `# ${line} ${word}`.length > LINE_WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.map((line) => `# ${line}`).join('\n')
}
