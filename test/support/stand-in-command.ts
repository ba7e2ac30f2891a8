import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Command } from '../../deploy/gcp/command.ts'
import { answerCommand, type CloudProject } from './cloud-project.ts'

// A fake gcloud or firebase: `node stand-in-command.ts DIRECTORY PROGRAM arguments...`. The project is in
// DIRECTORY/project.json. While DIRECTORY/hold exists, a command that changes the project writes its
// process id to DIRECTORY/held and does not end. It makes the change unless hold contains `before`.

const [, , directory = '', ...command] = process.argv
const path = `${directory}/project.json`
const before = readFileSync(path, 'utf8')
const project = JSON.parse(before) as CloudProject
const stdin = await text(process.stdin)
const { code, stdout, stderr } = answerCommand(project, command as unknown as Command, stdin)
const after = JSON.stringify(project)
const held = existsSync(`${directory}/hold`) && after !== before
const isBefore = held && readFileSync(`${directory}/hold`, 'utf8') === 'before'
if (after !== before && !isBefore) {
  writeFileSync(`${path}.${process.pid}`, after)
  renameSync(`${path}.${process.pid}`, path)
}
if (held) {
  appendFileSync(`${directory}/held`, `${process.pid}\n`)
  setInterval(() => undefined, 1_000_000)
} else {
  process.stderr.write(stderr)
  process.stdout.write(stdout)
  process.exitCode = code
}
