import { config } from 'zod/v4/core'
import english from 'zod/v4/locales/en.js'

// Unlike zod, zod/mini includes no error messages.
config(english())
