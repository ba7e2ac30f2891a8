import { runAsProcess } from '../run-as-process.ts'
import { runDoctor } from './run-doctor.ts'

const MAX_INPUT_CHARACTERS = 65_536

async function readInput(): Promise<string> {
  let input = ''
  for await (const chunk of process.stdin) {
    input += chunk
    if (input.length > MAX_INPUT_CHARACTERS) break
  }
  return input
}

await runAsProcess((io) => runDoctor({ ...io, readInput }))
