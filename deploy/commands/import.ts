import { IMPORT_OPTIONS, toOptions } from '../import/options.ts'
import { defineCommand } from '../kit/command.ts'

export const importCommand = defineCommand({
  name: 'import',
  summary: 'Creates a catalogue of tools from an OpenAPI document (2.0, 3.0, 3.1, 3.2).',
  arguments: [
    { name: 'FILE|URL', isRequired: true, text: 'the OpenAPI document, in JSON or YAML' },
  ],
  options: IMPORT_OPTIONS,
  exitCodes: { 0: 'done', 1: 'no catalogue was created' },
  progress: 'Reading the document',
  run: async (line, io) => {
    const options = toOptions(line)
    const { runImport } = await import('../import/run-import.ts')
    return runImport(options, io)
  },
})
