import { FUNCTION_CONFIGS, functionConfig } from '../function-configs.ts'
import { DEPLOY_VARIABLES, LOCAL_VARIABLES } from './command-variables.ts'
import { FUNCTION_VARIABLES } from './function-variables.ts'
import type { CommandVariableText, VariableText } from './variable-text.ts'

const LINE_WIDTH = 100
const HEADER = `Every variable, in the format of \`gcloud --env-vars-file\`: all values are quoted strings. Copy to .env.yaml and fill in. Commented-out variables show their defaults, or an example if there is no default. \`npm run docs\` writes this file from the data in deploy/docs.`
const DEPLOY_HEADER = 'Settings of npm run deploy; they are not passed to the functions.'

/** Returns the names of the functions that read a variable; `all` if every function does. */
export function usedBy(variable: string): string {
  const all = Object.keys(FUNCTION_CONFIGS)
  const names = all.filter((name) => functionConfig(name).variables.includes(variable))
  return names.length === all.length ? 'all' : names.join(', ')
}

/** Returns all variables as a Markdown table, for docs/variables.md. */
export function variableTable(): string {
  const ofFunctions = Object.entries(FUNCTION_VARIABLES).map(([name, text]) =>
    tableRow(name, usedBy(name), text),
  )
  const commands: [string, CommandVariableText][] = Object.entries({
    ...DEPLOY_VARIABLES,
    ...LOCAL_VARIABLES,
  })
  const ofCommands = commands.map(([name, text]) => tableRow(name, text.usedBy, text))
  const head = ['| variable | used by | default | meaning |', '| --- | --- | --- | --- |']
  return [...head, ...ofFunctions, ...ofCommands].join('\n')
}

function tableRow(name: string, users: string, text: VariableText): string {
  const byDefault = text.isRequired ? 'required' : (text.default ?? '')
  const link = text.more === undefined ? '' : ` ([${text.more[0]}](${text.more[1]}))`
  return `| \`${name}\` | ${users} | ${byDefault} | ${text.meaning}${link} |`
}

/** Returns the text of .env.yaml.sample. */
export function sampleFile(): string {
  const ofFunctions = Object.entries(FUNCTION_VARIABLES).map(([name, text]) =>
    sampleEntry(name, usedBy(name), text),
  )
  const ofDeploy = Object.entries(DEPLOY_VARIABLES).map(([name, text]) =>
    sampleEntry(name, text.usedBy, text),
  )
  const parts = [comment(HEADER), ...ofFunctions, comment(DEPLOY_HEADER), ...ofDeploy]
  return `${parts.join('\n\n')}\n`
}

function sampleEntry(name: string, users: string, text: VariableText): string {
  const byDefault = text.default === undefined ? [] : [`Default: ${text.default}.`]
  const meaning = text.meaning.charAt(0).toUpperCase() + text.meaning.slice(1)
  const said = comment(
    [`${meaning}.`, ...byDefault, `Used by: ${users}.`].join(' ').replaceAll('`', ''),
  )
  const entry = `${name}: ${yamlString(text.sample ?? '')}`
  return `${said}\n${text.isRequired ? entry : `# ${entry}`}`
}

/** Returns a block for several lines, or else a quoted string, as `gcloud` requires. */
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
