/** The entry point of a built function. */
import { createLoader, MAIN } from './loader.ts'

createLoader(import.meta.dirname).load(MAIN)
