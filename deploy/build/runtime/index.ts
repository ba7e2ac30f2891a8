/** The entry point of a built function. */
import { createLoader } from './loader.ts'

createLoader(import.meta.dirname).load('main.cjs')
