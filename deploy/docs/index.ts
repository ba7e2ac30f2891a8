import { writeFileSync } from 'node:fs'
import { ROOT } from '../build/functions.ts'
import { generatedFiles } from './generated-files.ts'

for (const [path, text] of generatedFiles()) writeFileSync(`${ROOT}${path}`, text)
