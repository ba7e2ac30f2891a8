import { config } from 'zod/v4/core'
import english from 'zod/v4/locales/en.js'

// zod/mini has no messages of its own, unlike zod.
config(english())
